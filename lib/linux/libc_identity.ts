import { SystemCall } from "./linux.ts";
import type { SystemCalls } from "./libc_calls.ts";

/** The most groups that a process can have (NGROUPS_MAX). */
const MAX_GROUPS = 65_536;

const GID_BYTES = 4;

/**
 * The identity with which this thread accesses files, and locks. Each call is the system's call of
 * the same name; a failed one returns `-errno`.
 */
export interface IdentityCalls {
  /** getuid(2) */
  getuid(): number;
  /** getgid(2) */
  getgid(): number;
  /** geteuid(2) */
  geteuid(): number;
  /**
   * setfsuid(2) of this thread: returns the previous ID, whether or not it was changed; -1 changes
   * nothing.
   */
  setfsuid(uid: number): number;
  /** setfsgid(2) of this thread, like {@linkcode IdentityCalls.setfsuid}. */
  setfsgid(gid: number): number;
  /** getgroups(2): the supplementary groups of this thread. */
  getgroups(): Uint32Array<ArrayBuffer>;
  /** setgroups(2) of this thread; libc's own function changes all threads. */
  setgroups(groups: Uint32Array<ArrayBuffer>): number;
  /** flock(2) */
  flock(fd: number, operation: number): number;
}

/** Makes {@linkcode IdentityCalls} from the system's calls. */
export function identityCalls({ buffer, numbers }: SystemCalls): IdentityCalls {
  return {
    getuid: () => numbers(SystemCall.getuid, 0) >>> 0,
    getgid: () => numbers(SystemCall.getgid, 0) >>> 0,
    geteuid: () => numbers(SystemCall.geteuid, 0) >>> 0,
    setfsuid: (uid) => numbers(SystemCall.setfsuid, uid) >>> 0,
    setfsgid: (gid) => numbers(SystemCall.setfsgid, gid) >>> 0,
    getgroups() {
      const list = new Uint32Array(MAX_GROUPS);
      const count = buffer(SystemCall.getgroups, MAX_GROUPS, new Uint8Array(list.buffer));
      return list.slice(0, Math.max(count, 0));
    },
    setgroups(list) {
      const bytes = new Uint8Array(Math.max(list.length, 1) * GID_BYTES);
      bytes.set(new Uint8Array(list.buffer, list.byteOffset, list.byteLength));
      return buffer(SystemCall.setgroups, list.length, bytes);
    },
    flock: (fd, operation) => numbers(SystemCall.flock, fd, operation),
  };
}
