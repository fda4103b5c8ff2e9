import { Errno } from "./errno.ts";
import type { Libc } from "./libc.ts";
import { Lock } from "./linux.ts";

/** Milliseconds between two tries. */
const PAUSE_MS = 5;

/**
 * Locks a file (flock(2)) while another process may hold its lock for a while; this thread sleeps
 * meanwhile. A clock that is set does not matter.
 *
 * @returns 0, or `-errno`: -EAGAIN (-11) if the lock is still held after so many milliseconds.
 */
export function lockWithin(libc: Pick<Libc, "flock">, fd: number, milliseconds: number): number {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const result = libc.flock(fd, Lock.EX | Lock.NB);
    if (result !== -Errno.EAGAIN && result !== -Errno.EINTR) return result;
    if (performance.now() > deadline) return -Errno.EAGAIN;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}
