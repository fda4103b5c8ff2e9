/**
 * The directory that is served while measuring, on a file system in memory.
 *
 * @module
 */

import { statfsSync } from "node:fs";
import { runOk } from "../../tests/support/run.ts";
import type { Bytes } from "./libc.ts";

/** Bytes in a MiB. */
export const MIB = 2 ** 20;

/** `f_type` of tmpfs and ramfs. */
const IN_MEMORY: readonly number[] = [0x01021994, 0x858458f6];

/** The names in the directory: a file to read and one to write, one of six bytes, many empty ones. */
export const FILE = { big: "big", out: "out", small: "small", many: "many" } as const;

/** Files in {@linkcode FILE.many}. */
export const ENTRIES = 10_000;

/**
 * Makes the directory with a file of some bytes, and removes it after `use`. Where `dir` does not say
 * where, and neither `/tmp` nor the user's runtime directory is in memory, root mounts a file system;
 * `/dev/shm` will not do, because Deno lets only `--allow-all` into `/dev`.
 *
 * @throws {RangeError} If there is no place for it, which is `needed` bytes.
 */
export async function withWorkspace<T>(
  { dir, needed, bytes }: { readonly dir: string | undefined; needed: number; bytes: number },
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const place = dir ?? ["/tmp", Deno.env.get("XDG_RUNTIME_DIR") ?? "/"].find(isInMemory);
  const isMounted = place === undefined;
  const { available } = Deno.systemMemoryInfo();
  if (isMounted && Deno.uid() !== 0 || dir === undefined && available < needed) {
    throw new RangeError(`no memory for ${Math.ceil(needed / MIB)} MiB: try --size or --dir`);
  }
  const made = await Deno.makeTempDir({ dir: place ?? "/tmp", prefix: "sftpwrap_bench_" });
  const directory = await Deno.realPath(made);
  try {
    const options = `size=${needed},mode=755`;
    if (isMounted) await runOk("mount", ["-t", "tmpfs", "-o", options, "bench", directory]);
    await writePattern(`${directory}/${FILE.big}`, bytes);
    await Deno.writeTextFile(`${directory}/${FILE.small}`, "hello\n");
    await Deno.mkdir(`${directory}/${FILE.many}`);
    for (let index = 0; index < ENTRIES; index++) {
      const name = `file-${String(index).padStart(6, "0")}.txt`;
      await Deno.writeTextFile(`${directory}/${FILE.many}/${name}`, "");
    }
    return await use(directory);
  } finally {
    // A server that sshd has started may be the last to leave.
    if (isMounted) await runOk("umount", ["--lazy", directory]);
    await Deno.remove(directory, { recursive: true });
  }
}

/** Whether a directory is on a file system without a disk. */
export function isInMemory(directory: string): boolean {
  return IN_MEMORY.includes(statfsSync(directory).type);
}

/** Makes a file of whole MiB. */
export async function writePattern(path: string, bytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const block = patternBlock();
  for (let at = 0; at < bytes;) at += await file.write(block.subarray(at % MIB));
}

/** The byte at a position of {@linkcode FILE.big}; it tells one multiple of 4 KiB from the next. */
export function patternAt(position: number): number {
  const inBlock = position % MIB;
  return (inBlock * 7 + (inBlock >>> 12) * 13) & 0xff;
}

/** The content of {@linkcode FILE.big} repeats itself after 1 MiB. */
export function patternBlock(): Bytes {
  return Uint8Array.from({ length: MIB }, (_, index) => patternAt(index));
}
