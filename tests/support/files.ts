/**
 * Files for tests: made, and compared.
 *
 * @module
 */

/** Runs `use` with a new directory, by its real path, and then removes it with everything in it. */
export async function withTempDir<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "sftpwrap_test_" }));
  try {
    return await use(directory);
  } finally {
    await removeTree(directory);
  }
}

/** A program that has just ended may still write a last file while its folder is removed. */
async function removeTree(directory: string): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      await Deno.remove(directory, { recursive: true });
      return;
    } catch (error) {
      if (tries === 5) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Bytes that look like noise but are the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** Makes a file of noise and returns its SHA-256. */
export async function makeFile(path: string, length: number, seed = 1): Promise<string> {
  const bytes = noise(length, seed);
  await Deno.writeFile(path, bytes);
  return await sha256Of(bytes);
}

/** The SHA-256 of a file, in hex. */
export async function sha256(path: string): Promise<string> {
  return await sha256Of(await Deno.readFile(path));
}

/** The SHA-256 of bytes, in hex. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Directories and files of many kinds, for which {@linkcode treeOf} always returns the same. */
export async function makeTree(directory: string, { smallFiles = 40 } = {}): Promise<void> {
  await Deno.mkdir(`${directory}/deep/er/and/deeper`, { recursive: true });
  await Deno.mkdir(`${directory}/nothing in here`);
  await Deno.mkdir(`${directory}/many`);
  await makeFile(`${directory}/empty`, 0);
  await makeFile(`${directory}/one byte`, 1, 2);
  await makeFile(`${directory}/odd.bin`, 3 * 32768 + 17, 3);
  await makeFile(`${directory}/Grüße, 日本 & 'Co' (1).txt`, 5000, 4);
  await makeFile(`${directory}/deep/er/and/deeper/last`, 70_000, 5);
  await makeFile(`${directory}/tool.sh`, 300, 6);
  await Deno.chmod(`${directory}/tool.sh`, 0o755);
  for (let index = 0; index < smallFiles; index++) {
    await makeFile(`${directory}/many/${index}.dat`, index * 37, index + 7);
  }
  const when = new Date("2021-03-04T05:06:07Z");
  for (const path of ["empty", "odd.bin", "deep/er/and/deeper/last"]) {
    await Deno.utime(`${directory}/${path}`, when, when);
  }
}

/** What {@linkcode treeOf} shows besides names and contents. */
export interface TreeOptions {
  /** Whether the permission bits of files count. */
  readonly modes?: boolean;
  /** Whether the modification times of files count, in whole seconds. */
  readonly times?: boolean;
}

/** Everything below a directory, sorted: a line for each directory, link (with its text) and file (with its SHA-256). */
export async function treeOf(directory: string, options: TreeOptions = {}): Promise<string[]> {
  const lines: string[] = [];
  await collect(directory, "", { options, lines });
  return lines.sort();
}

async function collect(
  root: string,
  prefix: string,
  to: { readonly options: TreeOptions; readonly lines: string[] },
): Promise<void> {
  for await (const entry of Deno.readDir(`${root}/${prefix}`)) {
    const name = `${prefix}${entry.name}`;
    const path = `${root}/${name}`;
    if (entry.isSymlink) to.lines.push(`${name} -> ${await Deno.readLink(path)}`);
    else if (entry.isDirectory) {
      to.lines.push(`${name}/`);
      await collect(root, `${name}/`, to);
    } else to.lines.push(`${name}${await details(path, to.options)} ${await sha256(path)}`);
  }
}

async function details(path: string, { modes, times }: TreeOptions): Promise<string> {
  const { mode, mtime } = await Deno.lstat(path);
  const shownMode = modes === true ? ` ${((mode ?? 0) & 0o7777).toString(8)}` : "";
  const shownTime = times === true ? ` ${Math.floor((mtime?.getTime() ?? 0) / 1000)}` : "";
  return shownMode + shownTime;
}
