import { type Polling, stdio, type Transport, type WaitOptions } from "./stdio.ts";
import { Errno } from "./storage/errno.ts";
import { type Libc, Poll } from "./storage/local/libc.ts";

const STDIN = 0;
const STDOUT = 1;
const POLLFD_LENGTH = 8;
const FOR_EVER = -1;
const AT_ONCE = 0;

/** A pipe that is ready takes at least this many bytes without waiting (PIPE_BUF). */
const PIPE_BUF = 4096;

/** Room for a batch of replies in a socket. */
const SEND_BUFFER_LENGTH = 1024 * 1024;

/** What these streams are made of. */
type StreamCalls = Pick<Libc, "read" | "write" | "send" | "setSendBuffer" | "poll">;

/**
 * Standard input and output by the system's own calls, which can tell whether
 * a write would wait. They also stand a stream that somebody has set to
 * non-blocking, as some parents do.
 */
export function pollingStdio(libc: StreamCalls): Transport {
  const poll = new Poller(libc);
  const polling = isSocket(libc) ? socketPolling(libc, poll) : pipePolling(libc, poll);
  return {
    ...stdio,
    polling,
    readSync(into) {
      for (;;) {
        const count = libc.read(STDIN, into);
        if (count > 0) return count;
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
  libc.setSendBuffer(STDOUT, SEND_BUFFER_LENGTH);
  return {
    trySend(bytes) {
      for (;;) {
        const count = libc.send(STDOUT, bytes);
        if (count >= 0) return count;
        if (count === -Errno.EAGAIN) return 0;
        if (count !== -Errno.EINTR) throw streamError("write", count);
      }
    },
    wait: (until) => poll.wait(until),
  };
}

/** On a pipe a write waits unless it is small and the pipe is ready. */
function pipePolling(libc: StreamCalls, poll: Poller): Polling {
  return {
    trySend(bytes) {
      let written = 0;
      while (written < bytes.length && poll.canWrite()) {
        const count = libc.write(STDOUT, bytes.subarray(written, written + PIPE_BUF));
        if (count === -Errno.EAGAIN) break;
        if (count >= 0) written += count;
        else if (count !== -Errno.EINTR) throw streamError("write", count);
      }
      return written;
    },
    wait: (until) => poll.wait(until),
  };
}

/** poll(2) on standard input and output. */
class Poller {
  readonly #libc: StreamCalls;
  readonly #fds = new Uint8Array(2 * POLLFD_LENGTH);
  readonly #view = new DataView(this.#fds.buffer);

  constructor(libc: StreamCalls) {
    this.#libc = libc;
  }

  /** Waits for what is asked for, and tells whether there is something to read. */
  wait({ input, output = true, timeout = FOR_EVER }: WaitOptions): { input: boolean } {
    this.#poll({ input, output }, timeout);
    return { input: input && this.#happened(0) };
  }

  /** Whether a write would find room now, or fail. */
  canWrite(): boolean {
    this.#poll({ input: false, output: true }, AT_ONCE);
    return this.#happened(1);
  }

  #poll({ input, output }: { input: boolean; output: boolean }, timeout: number): void {
    this.#ask(0, input ? STDIN : -1, Poll.IN);
    this.#ask(1, output ? STDOUT : -1, Poll.OUT);
    for (;;) {
      const ready = this.#libc.poll(this.#fds, timeout);
      if (ready >= 0) return;
      if (ready !== -Errno.EINTR) throw streamError("poll", ready);
    }
  }

  /** A negative descriptor is passed over by poll(2). */
  #ask(index: number, fd: number, events: number): void {
    this.#view.setInt32(index * POLLFD_LENGTH, fd, true);
    this.#view.setInt16(index * POLLFD_LENGTH + 4, events, true);
    this.#view.setInt16(index * POLLFD_LENGTH + 6, 0, true);
  }

  #happened(index: number): boolean {
    return this.#view.getInt16(index * POLLFD_LENGTH + 6, true) !== 0;
  }
}

function isSocket(libc: StreamCalls): boolean {
  return libc.send(STDOUT, new Uint8Array(0)) !== -Errno.ENOTSOCK;
}

function streamError(what: string, result: number): Error {
  const number = -result;
  return number === Errno.EPIPE || number === Errno.ECONNRESET
    ? new Deno.errors.BrokenPipe(`${what}: the client has gone`)
    : new Error(`${what} failed with system error ${number}`);
}
