import { type Polling, stdio, type Transport } from "./stdio.ts";
import {
  BUSY_INPUT_BYTES,
  DEFAULT_PIPE_BYTES,
  type PipeCalls,
  pipePolling,
  widener,
} from "./stdio_pipe.ts";
import { Poller, sentNow, streamError } from "./poller.ts";
import { Errno } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";

const STDIN = 0;
const STDOUT = 1;

/** Bytes of a socket's buffer: room for a batch of replies. */
const SEND_BUFFER_BYTES = 1024 * 1024;

/** The calls that these streams use. */
type StreamCalls = PipeCalls & Pick<Libc, "read" | "send" | "setSendBuffer" | "poll">;

/**
 * Standard input and output by the system's own calls, which can tell whether
 * a write would block. They also work on a stream that is set to non-blocking,
 * as some parent processes do.
 */
export function pollingStdio(libc: StreamCalls): Transport {
  const poll = new Poller(libc);
  const polling = isSocket(libc) ? socketPolling(libc, poll) : pipePolling(libc, poll);
  const widen = widener(libc, STDIN, BUSY_INPUT_BYTES);
  return {
    ...stdio,
    polling,
    readSync(into) {
      for (;;) {
        const count = libc.read(STDIN, into);
        if (count > 0) {
          if (count >= DEFAULT_PIPE_BYTES) widen();
          return count;
        }
        if (count === 0) return null;
        if (count === -Errno.EAGAIN) poll.wait({ input: true, output: false });
        else if (count !== -Errno.EINTR) throw streamError("read", count);
      }
    },
    writeSync(bytes) {
      let written = 0;
      while (written < bytes.length) {
        written += polling.trySend(bytes.subarray(written));
        if (written < bytes.length) poll.wait({ input: false });
      }
    },
  };
}

function socketPolling(libc: StreamCalls, poll: Poller): Polling {
  // Best effort: with the system's default a batch of replies takes two sends and a wait.
  libc.setSendBuffer(STDOUT, SEND_BUFFER_BYTES);
  return {
    trySend: (bytes) => sentNow(() => libc.send(STDOUT, bytes)),
    wait: (until) => poll.wait(until),
    isClientGone: () => poll.isReaderGone(),
  };
}

function isSocket(libc: StreamCalls): boolean {
  return libc.send(STDOUT, new Uint8Array(0)) !== -Errno.ENOTSOCK;
}
