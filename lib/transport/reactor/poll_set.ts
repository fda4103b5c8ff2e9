import { Poll } from "../../linux/libc.ts";

const POLLFD_BYTES = 8;
const NOBODY = -1;

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
  /** What poll(2) is given. */
  readonly fds: Uint8Array<ArrayBuffer>;
  readonly #all: readonly Waiting[];
  readonly #view: DataView;

  constructor(all: readonly Waiting[]) {
    this.#all = all;
    this.fds = new Uint8Array(all.length * POLLFD_BYTES);
    this.#view = new DataView(this.fds.buffer);
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
      const at = index * POLLFD_BYTES;
      somebody ||= one.isWaiting;
      // A negative descriptor is passed over by poll(2).
      const fd = one.isWaiting && !isLeftOut(one) ? one.fd : NOBODY;
      this.#view.setInt32(at, fd, true);
      this.#view.setInt16(at + 4, one.events, true);
      this.#view.setInt16(at + 6, 0, true);
    }
    return somebody;
  }

  /** Whether there is something to read where the one with this index waits: bytes, the end, an error. */
  isReadable(index: number): boolean {
    return (this.#view.getInt16(index * POLLFD_BYTES + 6, true) & ~Poll.OUT) !== 0;
  }
}
