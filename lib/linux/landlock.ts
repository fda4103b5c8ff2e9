/**
 * Landlock: a process gives up rights that it does not need, without root; the
 * kernel enforces it.
 *
 * @module
 */

import type { Libc } from "./libc.ts";
import { AT_FDCWD, Open } from "./linux.ts";

/** Rights on files, of which each ABI version knows some. */
const Right = {
  EXECUTE: 1n << 0n,
  WRITE_FILE: 1n << 1n,
  READ_FILE: 1n << 2n,
  READ_DIR: 1n << 3n,
  REMOVE_DIR: 1n << 4n,
  REMOVE_FILE: 1n << 5n,
  MAKE_CHAR: 1n << 6n,
  MAKE_DIR: 1n << 7n,
  MAKE_REG: 1n << 8n,
  MAKE_SOCK: 1n << 9n,
  MAKE_FIFO: 1n << 10n,
  MAKE_BLOCK: 1n << 11n,
  MAKE_SYM: 1n << 12n,
  REFER: 1n << 13n,
  TRUNCATE: 1n << 14n,
  IOCTL_DEV: 1n << 15n,
} as const;

/** The first ABI version of each feature beyond the thirteen rights of version 1. */
const REFER_ABI = 2;
const TRUNCATE_ABI = 3;
const NETWORK_ABI = 4;
const IOCTL_DEV_ABI = 5;
const SCOPE_ABI = 6;
const THREADS_ABI = 8;

/** Binds all threads of the process, by Landlock and by `no_new_privs`. */
const RESTRICT_SELF_TSYNC = 1 << 3;

const RIGHTS_OF_ABI_1 = (1n << 13n) - 1n;
const BIND_AND_CONNECT_TCP = 3n;
const ABSTRACT_SOCKETS_AND_SIGNALS = 3n;

const RIGHTS_TO_READ = Right.READ_FILE | Right.READ_DIR;
const RIGHTS_TO_WRITE = Right.WRITE_FILE | Right.REMOVE_DIR | Right.REMOVE_FILE |
  Right.MAKE_DIR | Right.MAKE_REG | Right.MAKE_SYM | Right.REFER | Right.TRUNCATE;

/** What a directory needs that takes files which this process makes, and no longer reads. */
const RIGHTS_TO_DROP = Right.WRITE_FILE | Right.MAKE_REG | Right.REMOVE_FILE;

/** A directory that stays accessible. */
export interface LandlockDirectory {
  /** Its descriptor, which may be one with O_PATH. */
  readonly descriptor: number;
  /**
   * Whether files in it may be changed: written, made, removed, linked, and
   * moved between directories. Devices, FIFOs and sockets can never be made,
   * and no program can be started.
   */
  readonly write: boolean;
}

/** What a process keeps. It gives up everything else that the kernel's ABI version knows. */
export interface Confinement {
  /** The ABI version; see {@linkcode landlockAbi}. */
  readonly abi: number;
  /** Directories that stay accessible. With none, no file can be opened any more. */
  readonly directories: readonly LandlockDirectory[];
  /** Descriptors of directories in which files may be made and removed; none by default. */
  readonly drops?: readonly number[];
  /** Paths of files that may be read, where they exist; none by default. */
  readonly files?: readonly string[];
  /**
   * Whether TCP, abstract Unix sockets of other processes and signals to them
   * stay allowed. Only what is started from now on is refused: an open
   * connection keeps working.
   */
  readonly network: boolean;
}

/**
 * The version of Landlock's ABI in this kernel; 0 if the kernel lacks it or has
 * it disabled. Under version 1 no file can be moved or linked to another
 * directory; from version 2 on it can.
 */
export function landlockAbi(libc: Libc): number {
  return Math.max(0, libc.landlockVersion());
}

/**
 * Confines this thread and everything that it starts from now on, permanently;
 * from ABI version 8 on also the threads that already run. Open files stay
 * open. stat, chmod, chown and utimes are not covered.
 *
 * @throws {Error} If the system refuses. At most `no_new_privs` has changed then.
 */
export function confine(libc: Libc, confinement: Confinement): void {
  const handled = rightsOf(confinement.abi);
  const ruleset = check(
    libc.landlockCreateRuleset(rulesetOf(confinement, handled)),
    "create a ruleset",
  );
  try {
    for (const { descriptor, write } of confinement.directories) {
      const rights = write ? RIGHTS_TO_READ | RIGHTS_TO_WRITE : RIGHTS_TO_READ;
      check(libc.landlockAddPathRule(ruleset, ruleOf(descriptor, rights & handled)), "add a rule");
    }
    for (const descriptor of confinement.drops ?? []) {
      const rule = ruleOf(descriptor, RIGHTS_TO_DROP & handled);
      check(libc.landlockAddPathRule(ruleset, rule), "add a rule");
    }
    for (const path of confinement.files ?? []) allowFile(libc, ruleset, path);
    check(libc.setNoNewPrivileges(), "give up new privileges");
    const flags = confinement.abi >= THREADS_ABI ? RESTRICT_SELF_TSYNC : 0;
    check(libc.landlockRestrictSelf(ruleset, flags), "restrict this process");
  } finally {
    libc.close(ruleset);
  }
}

function allowFile(libc: Libc, ruleset: number, path: string): void {
  const bytes = new TextEncoder().encode(`${path}\0`);
  const descriptor = libc.openat(AT_FDCWD, bytes, Open.PATH | Open.CLOEXEC);
  if (descriptor < 0) return;
  try {
    check(libc.landlockAddPathRule(ruleset, ruleOf(descriptor, Right.READ_FILE)), "add a rule");
  } finally {
    libc.close(descriptor);
  }
}

function rightsOf(abi: number): bigint {
  let rights = RIGHTS_OF_ABI_1;
  if (abi >= REFER_ABI) rights |= Right.REFER;
  if (abi >= TRUNCATE_ABI) rights |= Right.TRUNCATE;
  if (abi >= IOCTL_DEV_ABI) rights |= Right.IOCTL_DEV;
  return rights;
}

/** A `struct landlock_ruleset_attr`, of the length that the ABI version expects. */
function rulesetOf({ abi, network }: Confinement, files: bigint): Uint8Array<ArrayBuffer> {
  const fields = [files];
  if (abi >= NETWORK_ABI) fields.push(network ? 0n : BIND_AND_CONNECT_TCP);
  if (abi >= SCOPE_ABI) fields.push(network ? 0n : ABSTRACT_SOCKETS_AND_SIGNALS);
  return new Uint8Array(new BigUint64Array(fields).buffer);
}

/** A `struct landlock_path_beneath_attr`, which is packed: 12 bytes. */
function ruleOf(descriptor: number, rights: bigint): Uint8Array<ArrayBuffer> {
  const rule = new DataView(new ArrayBuffer(12));
  rule.setBigUint64(0, rights, true);
  rule.setInt32(8, descriptor, true);
  return new Uint8Array(rule.buffer);
}

function check(result: number, what: string): number {
  if (result < 0) throw new Error(`Cannot ${what} of Landlock: error ${-result}`);
  return result;
}
