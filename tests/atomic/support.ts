import type { FileHandle, OpenOptions, Storage } from "../../lib/storage/storage.ts";

/** A field of {@linkcode OpenOptions} that is set or not. */
export type Flag = Exclude<keyof OpenOptions, "attrs">;

/** What an upload replaces is one name. */
export const ATOMIC_SKIPS = [{
  reason: "an upload replaces one name of a file; the others keep the old content",
  tests: ["hardLink() gives a file a second name"],
}];

/** Opens a file with the named flags set. */
export async function open(storage: Storage, path: string, ...flags: Flag[]): Promise<FileHandle> {
  const isSet = (flag: Flag) => flags.includes(flag);
  return await storage.open(path, {
    read: isSet("read"),
    write: isSet("write"),
    append: isSet("append"),
    create: isSet("create"),
    truncate: isSet("truncate"),
    exclusive: isSet("exclusive"),
    attrs: {},
  });
}

/** Writes a whole file, as an upload does. */
export async function put(storage: Storage, path: string, text: string): Promise<void> {
  const file = await open(storage, path, "write", "create", "truncate");
  await file.write(new TextEncoder().encode(text), 0);
  await file.close(false);
}

/** The text of a file of up to a mebibyte. */
export async function textIn(storage: Storage, path: string): Promise<string> {
  const file = await open(storage, path, "read");
  const into = new Uint8Array(1024 * 1024);
  const count = await file.read(into, 0);
  await file.close(false);
  return new TextDecoder().decode(into.subarray(0, count));
}

/** The names in a directory, without `.` and `..`. */
export async function namesIn(storage: Storage, path = "/"): Promise<string[]> {
  const dir = await storage.openDir(path);
  const names: string[] = [];
  for (;;) {
    const entries = await dir.next(100);
    if (entries.length === 0) break;
    names.push(...entries.map(({ name }) => name));
  }
  await dir.close();
  return names.filter((name) => name !== "." && name !== "..").sort();
}
