import { Errno } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import { Poll } from "../linux/linux.ts";
import { pollfd } from "../linux/structs.ts";

/** Milliseconds for which a line waits while the receiver is busy. */
const PATIENCE_MS = 1000;

/**
 * Repeats a call on a non-blocking descriptor once the other side has room, or gives up in time. The
 * function that this returns makes the call, and returns what it returned: `-errno` if it failed.
 */
export function whenWritable(libc: Pick<Libc, "poll">): (fd: number, call: () => number) => number {
  let patience = PATIENCE_MS;
  return (fd, call) => {
    let result = call();
    if (result === -Errno.EAGAIN && libc.poll(pollfd(fd, Poll.OUT), patience) > 0) result = call();
    // After one timeout, no further line holds up the session.
    patience = result >= 0 ? PATIENCE_MS : 0;
    return result;
  };
}
