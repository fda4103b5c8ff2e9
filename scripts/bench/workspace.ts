/**
 * The directory that is served while measuring, on a file system in memory.
 *
 * @module
 */

import { statfsSync } from "node:fs";
import { findProgram } from "../../tests/support/programs.ts";
import type { Bytes } from "./libc.ts";

const MIB = 1024 * 1024;

/** `f_type` of the file systems that have no disk behind them. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** The names in the start directory. */
export const FILE = {
  /** What is read. */
  big: "big",
  /** What is written. */
  out: "out",
  /** Six bytes. */
  small: "small",
} as const;

/** A directory for one run. */
export interface Workspace {
  readonly directory: string;
  /** Whether it is on a file system in memory. */
  readonly inMemory: boolean;
  /** Removes it with all that is in it. */
  remove(): Promise<void>;
}

/** Where to make one. */
export interface WorkspaceOptions {
  /** The directory that was asked for. */
  readonly parent: string | undefined;
  /** Bytes that must be free. */
  readonly needed: number;
}

/**
 * Makes a new directory: where it was asked for, else in memory. Deno lets nothing but
 * `--allow-all` into `/dev`, so another place than `/dev/shm` is tried first, and root gets a file
 * system of its own.
 *
 * @throws {RangeError} If there is too little room.
 */
export async function makeWorkspace({ parent, needed }: WorkspaceOptions): Promise<Workspace> {
  const memory = Deno.systemMemoryInfo().available;
  if (parent === undefined && memory < needed) {
    throw new RangeError(`${mebibytes(needed)} of memory are needed: try --size or --dir`);
  }
  const found = parent ??
    ["/tmp", Deno.env.get("XDG_RUNTIME_DIR")].find((path) => isMemory(path, needed));
  if (found === undefined) {
    const mounted = await mountedWorkspace(needed);
    if (mounted !== undefined) return mounted;
  }
  const chosen = found ?? "/dev/shm";
  if (freeBytes(chosen) < needed) {
    throw new RangeError(`${mebibytes(needed)} are needed in ${chosen}: try --size or --dir`);
  }
  const directory = await Deno.realPath(
    await Deno.makeTempDir({ dir: chosen, prefix: "sftpwrap_bench_" }),
  );
  const remove = () => Deno.remove(directory, { recursive: true });
  return { directory, inMemory: IN_MEMORY.has(statfsSync(directory).type), remove };
}

/** A file system in memory for this run alone; undefined where this user may not mount one. */
async function mountedWorkspace(needed: number): Promise<Workspace | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "sftpwrap_bench_" }));
  const options = `size=${needed},mode=755`;
  const mounted = await succeeds("mount", ["-t", "tmpfs", "-o", options, "bench", directory]);
  if (!mounted) {
    await Deno.remove(directory);
    return undefined;
  }
  return {
    directory,
    inMemory: true,
    async remove() {
      // A server that sshd has started may be the last to leave.
      if (!await succeeds("umount", ["--lazy", directory])) {
        throw new Error(`${directory} cannot be unmounted`);
      }
      await Deno.remove(directory);
    },
  };
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  const path = findProgram(program);
  if (path === undefined) return false;
  const command = new Deno.Command(path, { args, stdout: "null", stderr: "null" });
  return (await command.output()).success;
}

/** Makes the files that every stage uses. */
export function fillWorkspace(directory: string, bytes: number): void {
  writePattern(`${directory}/${FILE.big}`, bytes);
  Deno.writeTextFileSync(`${directory}/${FILE.small}`, "hello\n");
}

/** Makes a file of so many bytes. */
export function writePattern(path: string, bytes: number): void {
  using file = Deno.openSync(path, { write: true, createNew: true });
  const block = patternBlock();
  for (let left = bytes; left > 0;) {
    left -= file.writeSync(block.subarray(0, Math.min(left, block.length)));
  }
}

/** Makes a directory with so many empty files, and returns its name. */
export function makeMany(directory: string, count: number): string {
  const name = `many-${count}`;
  Deno.mkdirSync(`${directory}/${name}`);
  for (let index = 0; index < count; index++) {
    const file = `file-${String(index).padStart(6, "0")}.txt`;
    Deno.createSync(`${directory}/${name}/${file}`).close();
  }
  return name;
}

/** The byte at a position of {@linkcode FILE.big}: other multiples of 4 KiB have others. */
export function patternAt(position: number): number {
  const inBlock = position % MIB;
  return (inBlock * 7 + (inBlock >>> 12) * 13) & 0xff;
}

/** The content of {@linkcode FILE.big} repeats itself after 1 MiB. */
export function patternBlock(): Bytes {
  return Uint8Array.from({ length: MIB }, (_, index) => patternAt(index));
}

function isMemory(path: string | undefined, needed: number): boolean {
  if (path === undefined) return false;
  return IN_MEMORY.has(statfsSync(path).type) && freeBytes(path) >= needed;
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
