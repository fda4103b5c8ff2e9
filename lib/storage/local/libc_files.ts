import { SystemCall } from "./linux.ts";
import { type Bytes, intOf, NO_BYTES, type ReadErrno, type Symbols } from "./libc_symbols.ts";

const EINTR = 4;
const F_DUPFD_CLOEXEC = 1030;
const OPEN_HOW_SIZE = 24n;

/**
 * Calls on descriptors and on names below a directory's descriptor, each named
 * as the system's. They throw nothing: a failed one returns `-errno`. What a
 * signal broke off is begun again.
 *
 * A `name` or `path` is bytes closed by a NUL.
 */
export interface FileCalls {
  /** openat2(2); `how` is a `struct open_how`. Returns a descriptor. */
  openat2(directory: number, path: Bytes, how: Bytes): number;
  /** openat(2), for a file that is there, where there may be no openat2. Returns a descriptor. */
  openat(directory: number, path: Bytes, flags: number): number;
  /** A second descriptor of what is open, closed in what this process starts (F_DUPFD_CLOEXEC). */
  duplicate(fd: number): number;
  /** close(2); not repeated: Linux has closed the descriptor even where it fails. */
  close(fd: number): number;
  /** fstatat(2); `into` is a `struct stat`, and `flags` are those of `AT_…`. */
  fstatat(directory: number, name: Bytes, into: Bytes, flags: bigint): number;
  /** pread(2): bytes read, 0 at the end. */
  pread(fd: number, into: Uint8Array, position: number): number;
  /** pwrite(2): bytes written, which may be fewer than there are. */
  pwrite(fd: number, data: Uint8Array, position: number): number;
  /** ftruncate(2) */
  ftruncate(fd: number, size: number): number;
  /** fsync(2) */
  fsync(fd: number): number;
  /** fchmod(2) */
  fchmod(fd: number, mode: number): number;
  /** fchmodat(2); follows a link. */
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
  /** copy_file_range(2): bytes copied; the positions are `loff_t`, and are moved on. */
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
  /** linkat(2), which does not follow a link. */
  linkat(from: number, fromName: Bytes, to: number, toName: Bytes): number;
  /** symlinkat(2) */
  symlinkat(target: Bytes, directory: number, name: Bytes): number;
  /** readlinkat(2): bytes of the text, as many as fit. */
  readlinkat(directory: number, name: Bytes, into: Bytes): number;
}

/** Makes {@linkcode FileCalls} of what was opened. */
export function fileCalls(symbols: Symbols, readErrno: ReadErrno): FileCalls {
  /** The calls that are made most are written out; the rest comes through here. */
  function again(call: () => number): number {
    while (true) {
      const result = call();
      if (result !== -1) return result;
      const errno = readErrno();
      if (errno !== EINTR) return -errno;
    }
  }

  function numbers(call: bigint, first: number, second = 0): number {
    return intOf(symbols.numbers(call, BigInt(first), BigInt(second), 0n, 0n, 0n));
  }

  function buffer(
    call: bigint,
    fd: number,
    bytes: Bytes,
    third = 0,
    fourth = 0,
    fifth = 0,
  ): number {
    return symbols.buffer(call, fd, bytes, BigInt(third), BigInt(fourth), BigInt(fifth));
  }

  function pairs(
    call: bigint,
    from: number,
    first: Bytes | BigInt64Array<ArrayBuffer>,
    to: number,
    second: Bytes | BigInt64Array<ArrayBuffer>,
    last = 0,
  ): number {
    // copy_file_range has its flags, which must be 0, where the others have nothing.
    return intOf(symbols.pairs(call, from, first, to, second, BigInt(last), 0n));
  }

  return {
    openat2(directory, path, how) {
      while (true) {
        const fd = symbols.buffers(SystemCall.openat2, directory, path, how, OPEN_HOW_SIZE);
        if (fd !== -1) return fd;
        const errno = readErrno();
        if (errno !== EINTR) return -errno;
      }
    },
    openat: (directory, path, flags) =>
      again(() => buffer(SystemCall.openat, directory, path, flags)),
    duplicate: (fd) => again(() => numbers(SystemCall.fcntl, fd, F_DUPFD_CLOEXEC)),
    close(fd) {
      return symbols.buffer(SystemCall.close, fd, NO_BYTES, 0n, 0n, 0n) === -1 ? -readErrno() : 0;
    },
    fstatat(directory, name, into, flags) {
      while (true) {
        const result = symbols.buffers(SystemCall.newfstatat, directory, name, into, flags);
        if (result !== -1) return 0;
        const errno = readErrno();
        if (errno !== EINTR) return -errno;
      }
    },
    pread(fd, into, position) {
      const length = BigInt(into.length);
      const at = BigInt(position);
      while (true) {
        const read = symbols.buffer(SystemCall.pread64, fd, into as Bytes, length, at, 0n);
        if (read !== -1) return read;
        const errno = readErrno();
        if (errno !== EINTR) return -errno;
      }
    },
    pwrite(fd, data, position) {
      const length = BigInt(data.length);
      const at = BigInt(position);
      while (true) {
        const written = symbols.buffer(SystemCall.pwrite64, fd, data as Bytes, length, at, 0n);
        if (written !== -1) return written;
        const errno = readErrno();
        if (errno !== EINTR) return -errno;
      }
    },
    fstatfs: (fd, into) => again(() => buffer(SystemCall.fstatfs, fd, into)),

    ftruncate: (fd, size) => again(() => numbers(SystemCall.ftruncate, fd, size)),
    fsync: (fd) => again(() => numbers(SystemCall.fsync, fd)),
    fchmod: (fd, mode) => again(() => numbers(SystemCall.fchmod, fd, mode)),

    getdents64: (fd, into) => again(() => buffer(SystemCall.getdents64, fd, into, into.length)),
    mkdirat: (directory, name, mode) =>
      again(() => buffer(SystemCall.mkdirat, directory, name, mode)),
    unlinkat(directory, name, flags) {
      return again(() => buffer(SystemCall.unlinkat, directory, name, flags));
    },
    fchmodat: (directory, name, mode) =>
      again(() => buffer(SystemCall.fchmodat, directory, name, mode)),
    fchmodat2(directory, name, mode, flags) {
      return again(() => buffer(SystemCall.fchmodat2, directory, name, mode, flags));
    },
    fchownat(directory, name, uid, gid, flags) {
      return again(() => buffer(SystemCall.fchownat, directory, name, uid, gid, flags));
    },

    readlinkat(directory, name, into) {
      const size = BigInt(into.length);
      return again(() => symbols.buffers(SystemCall.readlinkat, directory, name, into, size));
    },
    utimensat(directory, name, times, flags) {
      return again(() =>
        symbols.buffers(SystemCall.utimensat, directory, name, times, BigInt(flags))
      );
    },
    // The system call takes no name for the descriptor itself; the function in libc does not.
    futimens: (fd, times) =>
      again(() => symbols.buffers(SystemCall.utimensat, fd, null, times, 0n)),

    renameat: (from, fromName, to, toName) => {
      return again(() => pairs(SystemCall.renameat2, from, fromName, to, toName));
    },
    renameat2(from, fromName, to, toName, flags) {
      return again(() => pairs(SystemCall.renameat2, from, fromName, to, toName, flags));
    },
    linkat(from, fromName, to, toName) {
      return again(() => pairs(SystemCall.linkat, from, fromName, to, toName));
    },
    copyFileRange(from, fromAt, to, toAt, length) {
      return again(() => pairs(SystemCall.copyFileRange, from, fromAt, to, toAt, length));
    },
    symlinkat(target, directory, name) {
      return again(() =>
        intOf(symbols.around(SystemCall.symlinkat, target, BigInt(directory), name))
      );
    },
  };
}
