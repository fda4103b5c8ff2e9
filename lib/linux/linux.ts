/**
 * Linux in numbers: flags and system calls, named like in the C headers. All
 * are the same on x86-64 and arm64, except where both are given.
 *
 * @module
 */

/** Whether this is an arm64 machine, where some numbers differ from x86-64's. */
const ARM = Deno.build.arch === "aarch64";

/** Longest path in bytes, including the terminating NUL. */
export const PATH_MAX = 4096;

/** The `dirfd` that stands for the working directory. */
export const AT_FDCWD = -100;

/** Flags of open(2). */
export const Open = {
  RDONLY: 0o0,
  WRONLY: 0o1,
  RDWR: 0o2,
  CREAT: 0o100,
  EXCL: 0o200,
  NOCTTY: 0o400,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DIRECTORY: ARM ? 0o40000 : 0o200000,
  NOFOLLOW: ARM ? 0o100000 : 0o400000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const;

/** How openat2(2) resolves a path. */
export const Resolve = {
  NO_MAGICLINKS: 0x02,
  NO_SYMLINKS: 0x04,
  IN_ROOT: 0x10,
} as const;

/** Events of poll(2). */
export const Poll = {
  IN: 0x1,
  OUT: 0x4,
  ERR: 0x8,
  HUP: 0x10,
  NVAL: 0x20,
} as const;

/** Flags of the `…at` calls. */
export const At = {
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  EMPTY_PATH: 0x1000,
} as const;

/** Flags of renameat2(2). */
export const Rename = {
  NOREPLACE: 1,
  EXCHANGE: 2,
} as const;

/** Operations of flock(2). */
export const Lock = {
  EX: 2,
  NB: 4,
  UN: 8,
} as const;

/**
 * Where `struct stat` keeps its fields, counted in words of four bytes; a 64-bit field takes two.
 */
export const Stat = {
  DEV: 0,
  INO: 2,
  NLINK: ARM ? 5 : 4,
  MODE: ARM ? 4 : 6,
  UID: ARM ? 6 : 7,
  GID: ARM ? 7 : 8,
  SIZE: 12,
  BLOCKS: 16,
  ATIME: 18,
  MTIME: 22,
} as const;

/** Bytes of the blocks that a `struct stat` counts, whatever the file system's own blocks are. */
export const STAT_BLOCK_BYTES = 512;

/** Types of file systems, as statfs(2) tells them. */
export const FileSystemType = {
  BTRFS: 0x9123683e,
  EXT: 0xef53,
  F2FS: 0xf2f52010,
  NFS: 0x6969,
  OVERLAY: 0x794c7630,
  TMPFS: 0x01021994,
  XFS: 0x58465342,
} as const;

/** Bytes of a `struct stat`; arm64's is shorter. */
export const STRUCT_STAT_SIZE = 144;

/** Where `struct linux_dirent64` keeps its fields, in bytes. */
export const Dirent = {
  RECLEN: 16,
  TYPE: 18,
  NAME: 19,
} as const;

/** Types of files in a `struct linux_dirent64`. */
export const DirentType = {
  DIR: 4,
  REG: 8,
  LNK: 10,
} as const;

/** Bytes of records that one getdents64(2) is given room for: as many as glibc reads at once. */
export const DIRENTS_BYTES = 32 * 1024;

/** Numbers of system calls. */
export const SystemCall = {
  chdir: ARM ? 49n : 80n,
  clockGettime: ARM ? 113n : 228n,
  close: ARM ? 57n : 3n,
  closeRange: 436n,
  connect: ARM ? 203n : 42n,
  copyFileRange: ARM ? 285n : 326n,
  fchmod: ARM ? 52n : 91n,
  faccessat: ARM ? 48n : 269n,
  fchmodat: ARM ? 53n : 268n,
  fchmodat2: 452n,
  fchownat: ARM ? 54n : 260n,
  fcntl: ARM ? 25n : 72n,
  flock: ARM ? 32n : 73n,
  fsync: ARM ? 82n : 74n,
  fstatfs: ARM ? 44n : 138n,
  ftruncate: ARM ? 46n : 77n,
  getgid: ARM ? 176n : 104n,
  getgroups: ARM ? 158n : 115n,
  getuid: ARM ? 174n : 102n,
  getdents64: ARM ? 61n : 217n,
  geteuid: ARM ? 175n : 107n,
  getrlimit: ARM ? 163n : 97n,
  kill: ARM ? 129n : 62n,
  landlockAddRule: 445n,
  landlockCreateRuleset: 444n,
  landlockRestrictSelf: 446n,
  linkat: ARM ? 37n : 265n,
  mkdirat: ARM ? 34n : 258n,
  newfstatat: ARM ? 79n : 262n,
  openat: ARM ? 56n : 257n,
  openat2: 437n,
  pidfdOpen: 434n,
  pipe2: ARM ? 59n : 293n,
  prctl: ARM ? 167n : 157n,
  pread64: ARM ? 67n : 17n,
  pwrite64: ARM ? 68n : 18n,
  read: ARM ? 63n : 0n,
  readlinkat: ARM ? 78n : 267n,
  recvfrom: ARM ? 207n : 45n,
  renameat2: ARM ? 276n : 316n,
  setfsgid: ARM ? 152n : 123n,
  setfsuid: ARM ? 151n : 122n,
  setgroups: ARM ? 159n : 116n,
  sendto: ARM ? 206n : 44n,
  setitimer: ARM ? 103n : 38n,
  setsockopt: ARM ? 208n : 54n,
  socket: ARM ? 198n : 41n,
  symlinkat: ARM ? 36n : 266n,
  tee: ARM ? 77n : 276n,
  umask: ARM ? 166n : 95n,
  unlinkat: ARM ? 35n : 263n,
  utimensat: ARM ? 88n : 280n,
  wait4: ARM ? 260n : 61n,
  write: ARM ? 64n : 1n,
} as const;
