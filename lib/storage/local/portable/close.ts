/**
 * What close(2) says, which Deno keeps to itself: some file systems (NFS,
 * FUSE, AFS) tell only there that what was written is lost.
 *
 * @module
 */

import { errorOfNumber } from "../../errno.ts";
import { Errno } from "../../../linux/errno.ts";
import { attempt, errnoName } from "./deno_fs.ts";
import { StatusReader } from "../kernel/status.ts";
import type { Libc } from "../../../linux/libc.ts";
import { fs } from "./node_fs.ts";

/** Any descriptor that is open in every session. */
const STDIN = 0;

/** What fsync(2) answers where a file system has none. */
const NO_SYNC: ReadonlySet<string> = new Set(["EINVAL", "ENOSYS", "EOPNOTSUPP", "ENOTSUP"]);

/** An open file: Deno's number of it, and the system's where it is known. */
export interface Opened {
  /** Deno's number: a descriptor from Deno 2.9 on, its own count before. */
  readonly fd: number;
  /** Closes the file. Throws what the system says of it, and has closed it all the same. */
  close(): void;
}

/** Opens a file with Deno, for which nothing that its close says counts. */
export function openToRead(open: () => number): Opened {
  const fd = open();
  return { fd, close: () => attempt(() => fs.closeSync(fd)) };
}

/**
 * Opens a file that is to be written with Deno. With libc its close asks the system: close(2) of a
 * second descriptor says what that of the first one would. Without, it waits until what was
 * written is stored, which is the only answer that Deno passes on.
 */
export function openToWrite(open: () => number, libc: Libc | undefined): Opened {
  const next = libc === undefined ? -1 : nextDescriptor(libc);
  const fd = open();
  const descriptor = libc !== undefined && isOpenAs(fd, next, libc) ? next : undefined;
  return {
    fd,
    close() {
      try {
        if (libc === undefined || descriptor === undefined) store(fd);
        else closeSecond(descriptor, libc);
      } finally {
        attempt(() => fs.closeSync(fd));
      }
    },
  };
}

/** The lowest number that is free, which the next open gets. */
function nextDescriptor(libc: Libc): number {
  const free = libc.duplicate(STDIN);
  if (free >= 0) libc.close(free);
  return free;
}

/** Whether Deno's `fd` is the system's `descriptor`: another thread may have taken the number. */
function isOpenAs(fd: number, descriptor: number, libc: Libc): boolean {
  if (descriptor < 0) return false;
  const reader = new StatusReader(libc);
  if (reader.lookAtOpen(descriptor) < 0) return false;
  const { dev, ino } = fs.fstatSync(fd, { bigint: true });
  return reader.isOf(dev, ino);
}

function closeSecond(descriptor: number, libc: Libc): void {
  const second = libc.duplicate(descriptor);
  const result = second < 0 ? second : libc.close(second);
  // Linux has closed it all the same.
  if (result < 0 && result !== -Errno.EINTR) throw errorOfNumber(-result);
}

function store(fd: number): void {
  try {
    fs.fdatasyncSync(fd);
  } catch (error) {
    if (NO_SYNC.has(errnoName(error) ?? "")) return;
    attempt(() => {
      throw error;
    });
  }
}
