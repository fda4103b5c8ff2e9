/**
 * The names in a directory, with what Deno knows about each. Deno leaves out
 * what the system could not read, so that half a directory looks like a whole
 * one; with libc, the system is asked directly.
 *
 * @module
 */

import { Errno } from "../../../linux/errno.ts";
import { attempt } from "./deno_fs.ts";
import { check } from "../kernel/status.ts";
import type { Libc } from "../../../linux/libc.ts";
import { AT_FDCWD, Dirent, DIRENTS_BYTES, DirentType, Open } from "../../../linux/linux.ts";

/** The names of an open directory, except `.` and `..`. */
export interface Names {
  /** The next one; undefined at the end. */
  next(): Deno.DirEntry | undefined;
  /** Ends the listing. */
  close(): void;
}

/** Opens a directory, through libc if it may be called. */
export function openNames(hostPath: string, libc: Libc | undefined): Names {
  return libc === undefined ? namesByDeno(hostPath) : namesBySystem(hostPath, libc);
}

function namesByDeno(hostPath: string): Names {
  const entries = attempt(() => Deno.readDirSync(hostPath)[Symbol.iterator]());
  return {
    next() {
      const { done, value } = attempt(() => entries.next());
      return done ? undefined : value;
    },
    close: () => void entries.return?.(),
  };
}

function namesBySystem(hostPath: string, libc: Libc): Names {
  const path = new TextEncoder().encode(`${hostPath}\0`);
  const fd = check(libc.openat(AT_FDCWD, path, Open.RDONLY | Open.DIRECTORY | Open.CLOEXEC));
  const entries = systemEntries(fd, libc);
  let open = true;
  return {
    next: () => entries.next().value ?? undefined,
    close() {
      if (open) libc.close(fd);
      open = false;
    },
  };
}

function* systemEntries(fd: number, libc: Libc): Generator<Deno.DirEntry, undefined> {
  const records = new Uint8Array(DIRENTS_BYTES);
  const fields = new DataView(records.buffer);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  while (true) {
    const length = libc.getdents64(fd, records);
    // A removed directory has no more entries, as in readdir(3).
    const end = length === -Errno.ENOENT ? 0 : check(length);
    if (end === 0) return undefined;
    for (let at = 0; at < end; at += fields.getUint16(at + Dirent.RECLEN, true)) {
      const name = decoder.decode(
        records.subarray(at + Dirent.NAME, records.indexOf(0, at + Dirent.NAME)),
      );
      if (name === "." || name === "..") continue;
      const type = records[at + Dirent.TYPE];
      yield {
        name,
        isFile: type === DirentType.REG,
        isDirectory: type === DirentType.DIR,
        isSymlink: type === DirentType.LNK,
      };
    }
  }
}
