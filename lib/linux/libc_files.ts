import { Errno } from "./errno.ts";
import type { SystemCalls } from "./libc_calls.ts";
import { type Bytes, NO_BYTES } from "./libc_symbols.ts";
import { SystemCall } from "./linux.ts";
import { OPEN_HOW_BYTES } from "./structs.ts";

const { EINTR } = Errno;
const F_DUPFD_CLOEXEC = 1030;
const F_OFD_SETLK = 37;
const F_WRLCK = 1;
const F_UNLCK = 2;
const STRUCT_FLOCK_BYTES = 32;
const OPEN_HOW_SIZE = BigInt(OPEN_HOW_BYTES);

/**
 * Calls on descriptors and on names relative to a directory's descriptor, each
 * named like the system's call. They never throw: a failed call returns
 * `-errno`. A call that a signal interrupts is restarted.
 *
 * A `name` or `path` is NUL-terminated bytes.
 */
export interface FileCalls {
  /** openat2(2); `how` is a `struct open_how`. Returns a descriptor. */
  openat2(directory: number, path: Bytes, how: Bytes): number;
  /** openat(2) on an existing file, for systems that may lack openat2. Returns a descriptor. */
  openat(directory: number, path: Bytes, flags: number): number;
  /**
   * Duplicates a descriptor; programs that this process starts do not inherit it (F_DUPFD_CLOEXEC).
   */
  duplicate(fd: number): number;
  /** close(2); never restarted: Linux closes the descriptor even if the call fails. */
  close(fd: number): number;
  /** fstatat(2); `into` is a `struct stat`, `flags` are `AT_…`. */
  fstatat(directory: number, name: Bytes, into: Bytes, flags: bigint): number;
  /** pread(2): bytes read, 0 at the end. */
  pread(fd: number, into: Uint8Array, position: number): number;
  /** pwrite(2): bytes written, possibly fewer than given. */
  pwrite(fd: number, data: Uint8Array, position: number): number;
  /** ftruncate(2) */
  ftruncate(fd: number, size: number): number;
  /**
   * Locks one byte of a file for this opening of it, or gives the lock up (F_OFD_SETLK): -EAGAIN
   * (-11) if another one has it. The system gives it up with the last descriptor.
   */
  lockByte(fd: number, at: number, how: "lock" | "unlock"): number;
  /** fsync(2) */
  fsync(fd: number): number;
  /** fchmod(2) */
  fchmod(fd: number, mode: number): number;
  /** faccessat(2): 0 if this process's real user may; 4 reads, 2 writes, 1 enters or runs. */
  faccessat(directory: number, name: Bytes, mode: number): number;
  /** fchmodat(2); follows links. */
  fchmodat(directory: number, name: Bytes, mode: number): number;
  /** fchmodat2(2), from Linux 6.6 on. */
  fchmodat2(directory: number, name: Bytes, mode: number, flags: number): number;
  /** fchownat(2) */
  fchownat(directory: number, name: Bytes, uid: number, gid: number, flags: number): number;
  /** utimensat(2); `times` is two `struct timespec`. */
  utimensat(
    directory: number,
    name: Bytes,
    times: BigInt64Array<ArrayBuffer>,
    flags: number,
  ): number;
  /** futimens(3); `times` is two `struct timespec`. */
  futimens(fd: number, times: BigInt64Array<ArrayBuffer>): number;
  /** fstatfs(2); `into` is a `struct statfs` of 120 bytes. */
  fstatfs(fd: number, into: Bytes): number;
  /** copy_file_range(2): bytes copied; the positions are `loff_t` and advance. */
  copyFileRange(
    from: number,
    fromAt: BigInt64Array<ArrayBuffer>,
    to: number,
    toAt: BigInt64Array<ArrayBuffer>,
    length: number,
  ): number;
  /** getdents64(2): bytes of `struct linux_dirent64` in `into`, 0 at the end. */
  getdents64(fd: number, into: Bytes): number;
  /** mkdirat(2) */
  mkdirat(directory: number, name: Bytes, mode: number): number;
  /** unlinkat(2) */
  unlinkat(directory: number, name: Bytes, flags: number): number;
  /** renameat(2) */
  renameat(from: number, fromName: Bytes, to: number, toName: Bytes): number;
  /** renameat2(2) */
  renameat2(from: number, fromName: Bytes, to: number, toName: Bytes, flags: number): number;
  /** linkat(2), which does not follow links. */
  linkat(from: number, fromName: Bytes, to: number, toName: Bytes): number;
  /** symlinkat(2) */
  symlinkat(target: Bytes, directory: number, name: Bytes): number;
  /** readlinkat(2): bytes of the target, cut to what fits. */
  readlinkat(directory: number, name: Bytes, into: Bytes): number;
}

/** Makes {@linkcode FileCalls} from the system's calls. */
export function fileCalls(calls: SystemCalls): FileCalls {
  /** Restarts a call that a signal interrupts. The most frequent calls do it inline. */
  function again(call: () => number): number {
    let result: number;
    do result = call(); while (result === -EINTR);
    return result;
  }

  function buffer(call: bigint, fd: number, bytes: Bytes, third = 0, fourth = 0, fifth = 0) {
    return again(() => calls.buffer(call, fd, bytes, BigInt(third), BigInt(fourth), BigInt(fifth)));
  }

  return {
    openat2(directory, path, how) {
      let fd: number;
      do {
        fd = calls.buffers(SystemCall.openat2, directory, path, how, OPEN_HOW_SIZE);
      } while (fd === -EINTR);
      return fd;
    },
    openat: (directory, path, flags) => buffer(SystemCall.openat, directory, path, flags),
    duplicate: (fd) => again(() => calls.numbers(SystemCall.fcntl, fd, F_DUPFD_CLOEXEC)),
    close: (fd) => calls.buffer(SystemCall.close, fd, NO_BYTES),
    fstatat(directory, name, into, flags) {
      let result: number;
      do {
        result = calls.buffers(SystemCall.newfstatat, directory, name, into, flags);
      } while (result === -EINTR);
      return result;
    },
    pread(fd, into, position) {
      const length = BigInt(into.length);
      const at = BigInt(position);
      let read: number;
      do {
        read = calls.buffer(SystemCall.pread64, fd, into as Bytes, length, at);
      } while (read === -EINTR);
      return read;
    },
    pwrite(fd, data, position) {
      const length = BigInt(data.length);
      const at = BigInt(position);
      let written: number;
      do {
        written = calls.buffer(SystemCall.pwrite64, fd, data as Bytes, length, at);
      } while (written === -EINTR);
      return written;
    },
    fstatfs: (fd, into) => buffer(SystemCall.fstatfs, fd, into),

    ftruncate: (fd, size) => again(() => calls.numbers(SystemCall.ftruncate, fd, size)),
    lockByte(fd, at, how) {
      const lock = new DataView(new ArrayBuffer(STRUCT_FLOCK_BYTES));
      lock.setInt16(0, how === "lock" ? F_WRLCK : F_UNLCK, true);
      lock.setBigInt64(8, BigInt(at), true);
      lock.setBigInt64(16, 1n, true);
      const bytes = new Uint8Array(lock.buffer);
      return again(() => calls.third(SystemCall.fcntl, fd, F_OFD_SETLK, bytes));
    },
    fsync: (fd) => again(() => calls.numbers(SystemCall.fsync, fd)),
    fchmod: (fd, mode) => again(() => calls.numbers(SystemCall.fchmod, fd, mode)),

    getdents64: (fd, into) => buffer(SystemCall.getdents64, fd, into, into.length),
    mkdirat: (directory, name, mode) => buffer(SystemCall.mkdirat, directory, name, mode),
    unlinkat: (directory, name, flags) => buffer(SystemCall.unlinkat, directory, name, flags),
    faccessat: (directory, name, mode) => buffer(SystemCall.faccessat, directory, name, mode),
    fchmodat: (directory, name, mode) => buffer(SystemCall.fchmodat, directory, name, mode),
    fchmodat2(directory, name, mode, flags) {
      return buffer(SystemCall.fchmodat2, directory, name, mode, flags);
    },
    fchownat(directory, name, uid, gid, flags) {
      return buffer(SystemCall.fchownat, directory, name, uid, gid, flags);
    },

    readlinkat(directory, name, into) {
      const size = BigInt(into.length);
      return again(() => calls.buffers(SystemCall.readlinkat, directory, name, into, size));
    },
    utimensat(directory, name, times, flags) {
      return again(() =>
        calls.buffers(SystemCall.utimensat, directory, name, times, BigInt(flags))
      );
    },
    // The system call without a name acts on the descriptor; the function in libc refuses that.
    futimens: (fd, times) => again(() => calls.buffers(SystemCall.utimensat, fd, null, times, 0n)),

    renameat: (from, fromName, to, toName) => {
      return again(() => calls.pairs(SystemCall.renameat2, from, fromName, to, toName));
    },
    renameat2(from, fromName, to, toName, flags) {
      return again(() => calls.pairs(SystemCall.renameat2, from, fromName, to, toName, flags));
    },
    linkat(from, fromName, to, toName) {
      return again(() => calls.pairs(SystemCall.linkat, from, fromName, to, toName));
    },
    copyFileRange(from, fromAt, to, toAt, length) {
      return again(() => calls.pairs(SystemCall.copyFileRange, from, fromAt, to, toAt, length));
    },
    symlinkat(target, directory, name) {
      return again(() => calls.around(SystemCall.symlinkat, target, directory, name));
    },
  };
}
