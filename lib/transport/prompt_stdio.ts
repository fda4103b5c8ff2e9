/**
 * Standard input and output for a session whose far side is a network: this
 * thread must not block on the client, or nothing arrives from the network; but
 * each read or write that Deno makes on another thread costs as much as the
 * system needs for a whole small request.
 *
 * @module
 */

import type { Transport } from "./stdio.ts";
import type { Libc } from "../linux/libc.ts";
import { Poll } from "../linux/linux.ts";
import { PollFds } from "../linux/structs.ts";

const STDIN = 0;

/**
 * Milliseconds for which this thread waits for the next request before it leaves
 * that to another thread. It is long for a client that asks again as soon as it
 * has its reply, and short for everything else.
 */
const BLOCK_MS = 1;

/** What a session is doing; see {@linkcode promptTransport}. */
export interface Activity {
  /** Whether every request has been answered, so that this thread may wait. */
  isIdle(): boolean;
}

/**
 * Streams that are read and written on this thread wherever that does not block.
 * A read waits on this thread for a moment while the session is idle; otherwise
 * it tries again after a reply has been written. Only then does it wait on
 * another thread.
 *
 * @param transport Streams with polling.
 */
export function promptTransport(
  transport: Transport,
  libc: Pick<Libc, "poll">,
  activity: Activity,
): Transport {
  const { polling } = transport;
  if (polling === undefined) return transport;
  const input = new InputPoll(libc);
  let onWrite: () => void = () => {};

  /** Settles with true when something has been written, or with false after a moment. */
  function writeComes(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), BLOCK_MS);
      onWrite = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  return {
    ...transport,
    async read(into) {
      do {
        const patience = activity.isIdle() ? BLOCK_MS : 0;
        if (input.waits(patience)) return transport.readSync(into);
      } while (!activity.isIdle() && await writeComes());
      return await transport.read(into);
    },
    async write(bytes) {
      const written = polling.trySend(bytes);
      if (written < bytes.length) await transport.write(bytes.subarray(written));
      onWrite();
    },
  };
}

/** Whether there is something to read. */
class InputPoll {
  readonly #libc: Pick<Libc, "poll">;
  readonly #fds = new PollFds(1);

  constructor(libc: Pick<Libc, "poll">) {
    this.#libc = libc;
  }

  /** Waits up to this many milliseconds for input, or its end. */
  waits(timeout: number): boolean {
    this.#fds.ask(0, STDIN, Poll.IN);
    // A call that a signal interrupts has found nothing.
    return this.#libc.poll(this.#fds.bytes, timeout) > 0;
  }
}

/** A transport that takes bytes in several parts. */
export interface EagerTransport extends Transport {
  /** Writes all parts, in their order. */
  writeAll(parts: readonly Uint8Array[]): Promise<void>;
}

/**
 * Lets a long reply be written from where its parts are, instead of being copied into one piece. It
 * is for memory, not for speed: without it a session's peak is 1.35 times as high. This thread
 * sends as much as there is room for at once. A thread of Deno's writes the rest, and a reply of a
 * single part: there the write has to wait, and this thread goes on.
 *
 * @returns Undefined where the transport cannot tell whether there is room.
 */
export function eagerOutput(transport: Transport): EagerTransport | undefined {
  const { polling } = transport;
  if (polling === undefined) return undefined;
  return {
    ...transport,
    async writeAll(parts) {
      if (parts.length === 1) return await transport.write(parts[0]!);
      for (const part of parts) {
        const sent = polling.trySend(part);
        if (sent < part.length) await transport.write(part.subarray(sent));
      }
    },
  };
}
