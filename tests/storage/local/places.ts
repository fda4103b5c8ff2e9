/**
 * Directories for tests of a jail: the jail itself, and beside it what no
 * operation may reach.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { StorageError } from "../../../lib/storage/errors.ts";
import type { Libc } from "../../../lib/linux/libc.ts";
import type { Root, RootDir, RootFile } from "../../../lib/storage/local/root.ts";
import { decodeName, encodeName } from "../../../lib/names.ts";
import { type KernelRoot, openKernelRoot } from "../../../lib/storage/local/kernel/root.ts";
import { programPath } from "../../support/programs.ts";
import { how } from "../../../lib/testing/subject.ts";

/** The directories of a test, by their real paths. */
export interface Places {
  /** Holds both. */
  readonly base: string;
  /** What the client sees as `/`. */
  readonly jail: string;
  /** Never read, changed, listed or removed; see {@linkcode fillOutside}. */
  readonly outside: string;
}

/** Runs `use` with an empty jail and a filled outside, and removes both. */
export function withPlaces<T>(use: (places: Places) => T): T {
  const base = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sftpwrap_root_" }));
  try {
    const places = { base, jail: `${base}/jail`, outside: `${base}/outside` };
    Deno.mkdirSync(places.jail);
    fillOutside(places.outside);
    return use(places);
  } finally {
    Deno.removeSync(base, { recursive: true });
  }
}

/** Runs `use` with a root by the kernel on an empty jail. */
export function withRoot<T>(libc: Libc, use: (root: KernelRoot, places: Places) => T): T {
  return withPlaces((places) => {
    const root = openKernelRoot(places.jail, libc);
    try {
      return use(root, places);
    } finally {
      root.close();
    }
  });
}

/** Runs a program to its end, and returns what it printed. */
export function run(program: string, ...args: string[]): Uint8Array {
  const { success, stdout, stderr } = new Deno.Command(programPath(program), { args }).outputSync();
  assert(success, decodeName(stderr));
  return stdout;
}

/** Makes `outside` anew: a canary, a directory with one in it, and an empty directory. */
export function fillOutside(outside: string): void {
  Deno.mkdirSync(`${outside}/dir`, { recursive: true });
  Deno.mkdirSync(`${outside}/empty`);
  for (const name of ["canary", "dir/canary"]) {
    Deno.writeFileSync(`${outside}/${name}`, new Uint8Array(7919).fill(0x63));
    Deno.chmodSync(`${outside}/${name}`, 0o640);
    Deno.utimeSync(`${outside}/${name}`, 1_000_000_000, 1_000_000_000);
  }
}

/** All that can be seen of a tree but the times at which it was read. */
export function snapshot(directory: string): string[] {
  const lines: string[] = [];
  for (const { name } of [{ name: "." }, ...Deno.readDirSync(directory)]) {
    const path = `${directory}/${name}`;
    const { mode, uid, gid, size, nlink, mtime, isDirectory, isFile, isSymlink } = Deno.lstatSync(
      path,
    );
    const time = name === "." || isDirectory ? "" : mtime?.getTime();
    lines.push(
      `${path} ${mode?.toString(8)} ${uid} ${gid} ${isDirectory ? "" : size} ${nlink} ${time}`,
    );
    if (isSymlink) lines.push(Deno.readLinkSync(path));
    if (isFile) lines.push(Deno.readTextFileSync(path).slice(0, 100));
    if (isDirectory && name !== ".") lines.push(...snapshot(path));
  }
  return lines.sort();
}

/** What an action failed with, as `code: reason`; undefined where it did not. */
export function failure(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof StorageError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return undefined;
}

/** Asserts that an action fails so. */
export function assertFails(action: () => unknown, expected: string, message?: string): void {
  assertEquals(failure(action), expected, message);
}

/** Opens, lends and closes a file. */
export function using<T>(file: RootFile, use: (file: RootFile) => T): T {
  try {
    return use(file);
  } finally {
    file.close();
  }
}

/** Makes a file with this text, or gives one this text. */
export function put(root: Root, path: string, text = ""): void {
  using(root.open(path, how("write", "create", "truncate"), 0o666), (file) => {
    file.write(encodeName(text), 0);
  });
}

/** The text of a file of at most 64 KiB. */
export function get(root: Root, path: string): string {
  const bytes = new Uint8Array(64 * 1024);
  return using(root.open(path, how("read"), 0), (file) => {
    return decodeName(bytes, 0, file.read(bytes, 0));
  });
}

/** The names in a directory but for `.` and `..`, sorted. */
export function namesIn(root: Root, path: string, limit = 100): string[] {
  return entriesOf(root.openDir(path), limit)
    .map(({ name }) => name)
    .filter((name) => name !== "." && name !== "..")
    .sort();
}

/** All entries of an open directory, which is closed then. */
export function entriesOf(directory: RootDir, limit = 100) {
  const entries = [];
  for (let batch = directory.next(limit); batch.length > 0; batch = directory.next(limit)) {
    assert(batch.length <= limit);
    entries.push(...batch);
  }
  directory.close();
  return entries;
}

/** Numbers of this process's open descriptors. */
export function openDescriptors(): string[] {
  // The listing has a descriptor of its own, which is gone when it is looked at.
  return Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => name).filter((name) => {
    try {
      Deno.readLinkSync(`/proc/self/fd/${name}`);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }).sort();
}

/**
 * libc with resolution switched off: a path below a root leads wherever its
 * links and `..` lead. It shows that a test can see an escape, and what is left
 * to the other rings.
 */
export function withoutResolution(libc: Libc): Libc {
  return {
    ...libc,
    openat2(directory, path, open) {
      const plain = open.slice();
      new Uint32Array(plain.buffer)[4] = 0;
      if (directory < 0) return libc.openat2(directory, path, plain);
      const relative = encodeName(`.${decodeName(path, 0, path.indexOf(0))}\0`);
      return libc.openat2(directory, relative as Uint8Array<ArrayBuffer>, plain);
    },
  };
}
