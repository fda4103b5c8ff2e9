import type { Bytes } from "../../linux/libc.ts";
import { Poll } from "../../linux/linux.ts";
import { NO_FD, PollFds } from "../../linux/structs.ts";

/** A descriptor that somebody may wait for. */
export interface Waiting {
  readonly fd: number;
  /** What is waited for: bits of `Poll`. */
  readonly events: number;
  /** Whether somebody waits now. */
  readonly isWaiting: boolean;
}

/** An array of `struct pollfd`, one for each of those who may wait. */
export class PollSet {
  readonly #all: readonly Waiting[];
  readonly #fds: PollFds;

  constructor(all: readonly Waiting[]) {
    this.#all = all;
    this.#fds = new PollFds(all.length);
  }

  /** What poll(2) is given. */
  get fds(): Bytes {
    return this.#fds.bytes;
  }

  /** Those who wait now. */
  get waiting(): readonly Waiting[] {
    return this.#all.filter((one) => one.isWaiting);
  }

  /** Asks for those who wait, but for some; tells whether anybody waits, those included. */
  ask(isLeftOut: (one: Waiting) => boolean = () => false): boolean {
    let somebody = false;
    for (let index = 0; index < this.#all.length; index++) {
      const one = this.#all[index]!;
      somebody ||= one.isWaiting;
      this.#fds.ask(index, one.isWaiting && !isLeftOut(one) ? one.fd : NO_FD, one.events);
    }
    return somebody;
  }

  /** Whether there is something to read where the one with this index waits: bytes, the end, an error. */
  isReadable(index: number): boolean {
    return (this.#fds.found(index) & ~Poll.OUT) !== 0;
  }
}
