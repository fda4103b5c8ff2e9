/**
 * Standard input and output as pipes, which is what sshd makes them.
 *
 * @module
 */

import type { Polling } from "./stdio.ts";
import { type Poller, sentNow, streamError } from "./poller.ts";
import { Errno } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";

const STDOUT = 1;

/** A pipe that is ready takes at least this many bytes without blocking (PIPE_BUF_BYTES). */
const PIPE_BUF_BYTES = 4096;

/** Bytes that a pipe holds by default. */
export const DEFAULT_PIPE_BYTES = 64 * 1024;

/**
 * Bytes that a busy pipe is made to hold. Only busy ones are widened: all pipes of an account
 * together may hold 64 MiB (pipe-user-pages-soft), and above that a pipe keeps the default size.
 */
export const BUSY_INPUT_BYTES = 256 * 1024;
export const BUSY_OUTPUT_BYTES = 1024 * 1024;

/**
 * Milliseconds for which a full pipe of {@linkcode BUSY_OUTPUT_BYTES} has enough for the fastest
 * sshd.
 */
const REST_MS = 1;

/** The calls that pipes need. */
export type PipeCalls = Pick<Libc, "write" | "pipeSize" | "setPipeSize" | "reopenPipe">;

/**
 * Writes to a pipe without blocking.
 *
 * Whether a write blocks is a property of the open pipe, not of the write, so the pipe is opened
 * again as non-blocking. If that fails (there is no /proc, or this is not a pipe), it writes parts
 * that are small enough never to block.
 */
export function pipePolling(libc: PipeCalls, poll: Poller): Polling {
  const own = libc.pipeSize(STDOUT) > 0 ? libc.reopenPipe(STDOUT) : -1;
  return own < 0 ? inParts(libc, poll) : whole(libc, poll, own);
}

function whole(libc: PipeCalls, poll: Poller, own: number): Polling {
  const widen = widener(libc, STDOUT, BUSY_OUTPUT_BYTES);
  let filled = false;
  return {
    trySend(bytes) {
      const count = sentNow(() => libc.write(own, bytes));
      filled = count >= PIPE_BUF_BYTES && count < bytes.length;
      return count;
    },
    wait(until) {
      if (filled) {
        // A pipe is ready again with every page that is read from it. Writing at each would take
        // many times the calls, and CPU time that sshd needs.
        if (widen()) poll.rest(REST_MS);
        filled = false;
      }
      return poll.wait(until);
    },
    isClientGone: () => poll.isReaderGone(),
  };
}

function inParts(libc: PipeCalls, poll: Poller): Polling {
  return {
    trySend(bytes) {
      let written = 0;
      while (written < bytes.length && poll.canWrite()) {
        const count = libc.write(STDOUT, bytes.subarray(written, written + PIPE_BUF_BYTES));
        if (count === -Errno.EAGAIN) break;
        if (count >= 0) written += count;
        else if (count !== -Errno.EINTR) throw streamError("write", count);
      }
      return written;
    },
    wait: (until) => poll.wait(until),
    isClientGone: () => poll.isReaderGone(),
  };
}

/**
 * Returns a function that makes a full pipe hold `size` bytes, and tells whether it does: it does
 * not if this is not a pipe, or if the account's limit is reached. It asks the system once.
 */
export function widener(
  libc: Pick<PipeCalls, "setPipeSize">,
  fd: number,
  size: number,
): () => boolean {
  let isWide: boolean | undefined;
  return () => isWide ??= libc.setPipeSize(fd, size) >= size;
}
