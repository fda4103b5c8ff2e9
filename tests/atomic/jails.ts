import { atomic } from "../../lib/atomic/atomic.ts";
import type { AtomicOptions } from "../../lib/atomic/options.ts";
import { openLibc } from "../../lib/linux/libc.ts";
import { openXattrs } from "../../lib/linux/libc_xattrs.ts";
import { noAccounts } from "../../lib/storage/local/accounts.ts";
import { jailDrafts } from "../../lib/storage/local/drafts.ts";
import { JailStorage } from "../../lib/storage/local/jail.ts";
import { openKernelRoot } from "../../lib/storage/local/kernel/root.ts";
import { fs } from "../../lib/storage/local/portable/node_fs.ts";
import { PortableRoot } from "../../lib/storage/local/portable/root.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { ATOMIC_SKIPS } from "./support.ts";

/** Opened once, and before the first test: they stay open. */
const libc = openLibc();
openXattrs(libc);

const rights = { symlink: true, statfs: true };

/** A kind of jail. */
export interface JailKind {
  readonly name: string;
  /** Whether drafts are locked, so that the dead are told from the living. */
  readonly locks: boolean;
  /** Whether ACLs and extended attributes are kept. */
  readonly xattrs: boolean;
  readonly skips: typeof ATOMIC_SKIPS;
  /** A jail in a directory, without the wrapper. */
  open(directory: string): JailStorage;
}

/** What Deno 2.6 cannot do. */
const OLD_DENO = fs.lchownSync === undefined
  ? [{
    reason: "Deno 2.6 cannot change a link's owner",
    tests: ["setLinkAttrs() takes a link that leads nowhere"],
  }]
  : [];

const asText = { reason: "Deno's file API knows names as text", tests: ["raw names"] };

/** Both roots, the portable one with and without libc. */
export const JAILS: readonly JailKind[] = [
  {
    name: "kernel root",
    locks: true,
    xattrs: true,
    skips: ATOMIC_SKIPS,
    open(directory) {
      const root = openKernelRoot(directory, libc);
      return new JailStorage(root, noAccounts, () => jailDrafts(root, libc));
    },
  },
  {
    name: "portable root with libc",
    locks: true,
    xattrs: true,
    skips: [...ATOMIC_SKIPS, asText, ...OLD_DENO],
    open(directory) {
      const root = new PortableRoot(directory, rights, libc);
      return new JailStorage(root, noAccounts, () => jailDrafts(root, libc));
    },
  },
  {
    name: "portable root",
    locks: false,
    xattrs: false,
    skips: [...ATOMIC_SKIPS, asText, ...OLD_DENO],
    open(directory) {
      const root = new PortableRoot(directory, rights);
      return new JailStorage(root, noAccounts, () => jailDrafts(root, undefined));
    },
  },
];

/** A jail with the wrapper. */
export function atomicJail(kind: JailKind, directory: string, options?: AtomicOptions): Storage {
  return atomic(kind.open(directory), options);
}
