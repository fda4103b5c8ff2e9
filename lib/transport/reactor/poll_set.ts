import type { Bytes } from "../../linux/libc.ts";
import { Poll } from "../../linux/linux.ts";
import { NO_FD, PollFds } from "../../linux/structs.ts";

/** A descriptor that its owner may wait for. */
export interface Waiting {
  readonly fd: number;
  /** The events to wait for: bits of `Poll`. */
  readonly events: number;
  /** Whether its owner waits now. */
  readonly isWaiting: boolean;
}

/** An array of `struct pollfd`, one for each descriptor. */
export class PollSet {
  readonly #all: readonly Waiting[];
  readonly #fds: PollFds;

  constructor(all: readonly Waiting[]) {
    this.#all = all;
    this.#fds = new PollFds(all.length);
  }

  /** The bytes for poll(2). */
  get fds(): Bytes {
    return this.#fds.bytes;
  }

  /** The descriptors that are waited for now. */
  get waiting(): readonly Waiting[] {
    return this.#all.filter((one) => one.isWaiting);
  }

  /**
   * Prepares the waiting descriptors except those left out; returns whether any waits, including
   * those.
   */
  ask(isLeftOut: (one: Waiting) => boolean = () => false): boolean {
    let anyWaits = false;
    for (let index = 0; index < this.#all.length; index++) {
      const one = this.#all[index]!;
      anyWaits ||= one.isWaiting;
      this.#fds.ask(index, one.isWaiting && !isLeftOut(one) ? one.fd : NO_FD, one.events);
    }
    return anyWaits;
  }

  /** Whether the descriptor with this index is readable: bytes, the end, or an error. */
  isReadable(index: number): boolean {
    return (this.#fds.found(index) & ~Poll.OUT) !== 0;
  }
}
