import type { WaitOptions } from "./stdio.ts";
import { Errno } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import { Poll } from "../linux/linux.ts";
import { NO_FD, PollFds } from "../linux/structs.ts";

const STDIN = 0;
const STDOUT = 1;
const FOREVER = -1;
const AT_ONCE = 0;
const NOTHING = new Uint8Array(0);

/** poll(2) on standard input and output. */
export class Poller {
  readonly #libc: Pick<Libc, "poll">;
  readonly #fds = new PollFds(2);

  constructor(libc: Pick<Libc, "poll">) {
    this.#libc = libc;
  }

  /** Waits for what is requested, and returns whether there is something to read. */
  wait({ input, output = true, timeout = FOREVER }: WaitOptions): { input: boolean } {
    this.#poll({ input, output }, timeout);
    return { input: input && this.#fds.found(0) !== 0 };
  }

  /** Whether a write would not block now: there is room, or it would fail. */
  canWrite(): boolean {
    this.#poll({ input: false, output: true }, AT_ONCE);
    return this.#fds.found(1) !== 0;
  }

  /** Whether the other end of the output is closed; poll(2) always reports that. */
  isReaderGone(): boolean {
    this.#fds.ask(0, NO_FD, 0);
    this.#fds.ask(1, STDOUT, 0);
    // A call that a signal interrupts has found nothing.
    return this.#libc.poll(this.#fds.bytes, AT_ONCE) > 0;
  }

  /** Sleeps for this many milliseconds, or until a signal arrives. */
  rest(milliseconds: number): void {
    this.#libc.poll(NOTHING, milliseconds);
  }

  #poll({ input, output }: { input: boolean; output: boolean }, timeout: number): void {
    this.#fds.ask(0, input ? STDIN : NO_FD, Poll.IN);
    this.#fds.ask(1, output ? STDOUT : NO_FD, Poll.OUT);
    for (;;) {
      const ready = this.#libc.poll(this.#fds.bytes, timeout);
      if (ready >= 0) return;
      if (ready !== -Errno.EINTR) throw streamError("poll", ready);
    }
  }
}

/**
 * Returns how many bytes a non-blocking write has written, 0 if there is no room. Restarts it after
 * a signal.
 */
export function sentNow(write: () => number): number {
  for (;;) {
    const count = write();
    if (count >= 0) return count;
    if (count === -Errno.EAGAIN) return 0;
    if (count !== -Errno.EINTR) throw streamError("write", count);
  }
}

/** The error that the session gets for a failed call on a stream; `result` is its `-errno`. */
export function streamError(what: string, result: number): Error {
  const number = -result;
  return number === Errno.EPIPE || number === Errno.ECONNRESET
    ? new Deno.errors.BrokenPipe(`${what}: the client has gone`)
    : new Error(`${what} failed with system error ${number}`);
}
