/**
 * The result of close(2), which Deno does not report: some file systems (NFS,
 * FUSE, AFS) report only there that written data is lost.
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

/** What fsync(2) fails with if a file system does not support it. */
const NO_SYNC: ReadonlySet<string> = new Set(["EINVAL", "ENOSYS", "EOPNOTSUPP", "ENOTSUP"]);

/** An open file. */
export interface Opened {
  /** Deno's number: a descriptor from Deno 2.9 on, its own count before. */
  readonly fd: number;
  /** The system's descriptor, if libc may be called and it is certain. */
  readonly descriptor?: number | undefined;
  /** Closes the file. If it throws the system's error, the file is closed anyway. */
  close(): void;
}

/** Opens a file for reading with Deno; the result of its close does not matter. */
export function openToRead(open: () => number): Opened {
  const fd = open();
  return { fd, close: () => attempt(() => fs.closeSync(fd)) };
}

/**
 * Opens a file for writing with Deno. With libc, its close asks the system: close(2) of a duplicate
 * descriptor returns what close(2) of the original would. Without libc, it waits until the data is
 * stored, because that is the only result that Deno passes on.
 */
export function openToWrite(open: () => number, libc: Libc | undefined): Opened {
  const next = libc === undefined ? -1 : nextDescriptor(libc);
  const fd = open();
  const descriptor = libc !== undefined && isOpenAs(fd, next, libc) ? next : undefined;
  return {
    fd,
    descriptor,
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

/** The lowest free descriptor number, which the next open gets. */
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
  // Linux has closed it anyway.
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
