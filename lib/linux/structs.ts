/**
 * The C structs that several callers fill in: `struct pollfd` and `struct open_how`. For structs
 * that are only read, `linux.ts` has the offsets of the fields.
 *
 * @module
 */

import type { Bytes } from "./libc_symbols.ts";

/** Bytes of a `struct pollfd`. */
export const POLLFD_BYTES = 8;

// Where `struct pollfd` has its fields, in bytes.
const FD = 0;
const EVENTS = 4;
const REVENTS = 6;

/** A descriptor that poll(2) ignores. */
export const NO_FD = -1;

/** An array of `struct pollfd`, for poll(2). */
export class PollFds {
  /** The bytes for poll(2). */
  readonly bytes: Bytes;
  readonly #view: DataView;

  /** @param count The number of descriptors. */
  constructor(count: number) {
    this.bytes = new Uint8Array(count * POLLFD_BYTES);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Waits, from the next call on, for these events (bits of `Poll`) of a descriptor. */
  ask(index: number, fd: number, events: number): void {
    const at = index * POLLFD_BYTES;
    this.#view.setInt32(at + FD, fd, true);
    this.#view.setInt16(at + EVENTS, events, true);
    this.#view.setInt16(at + REVENTS, 0, true);
  }

  /** What the last call found: bits of `Poll`. */
  found(index: number): number {
    return this.#view.getInt16(index * POLLFD_BYTES + REVENTS, true);
  }
}

/** A single `struct pollfd`, as bytes. */
export function pollfd(fd: number, events: number): Bytes {
  const fds = new PollFds(1);
  fds.ask(0, fd, events);
  return fds.bytes;
}

/** Bytes of a `struct open_how`. */
export const OPEN_HOW_BYTES = 24;

// Where `struct open_how` has its fields, counted in words of four bytes. Each takes two, of which
// the second is always 0: no flag and no mode is that large.
const FLAGS = 0;
const MODE = 2;
const RESOLVE = 4;

/** A `struct open_how`, for openat2(2). */
export class OpenHow {
  /** The bytes for openat2(2). */
  readonly bytes: Bytes = new Uint8Array(OPEN_HOW_BYTES);
  readonly #words = new Uint32Array(this.bytes.buffer);

  /** Sets all fields, and returns the bytes. */
  set(flags: number, mode = 0, resolve = 0): Bytes {
    this.#words[FLAGS] = flags;
    this.#words[MODE] = mode;
    this.#words[RESOLVE] = resolve;
    return this.bytes;
  }
}
