import { Poll } from "../../linux/linux.ts";
import type { Waiting } from "./poll_set.ts";

/** Reads without blocking: bytes read, null at the end, undefined if there is nothing yet. */
export type ReadNow = (into: Uint8Array) => number | null | undefined;

/** Writes what can be written without blocking, and returns how many bytes it wrote. */
export type SendNow = (parts: readonly Uint8Array[]) => number;

/** The source of bytes: the client, or the child process that receives them from the far side. */
export type Origin = "client" | "child";

/** A descriptor that is read, one read at a time. */
export class Reading implements Waiting {
  readonly fd: number;
  readonly from: Origin;
  readonly events = Poll.IN;
  readonly #readNow: ReadNow;
  #into: Uint8Array | undefined;
  #isStopped = false;
  #resolve!: (count: number | null) => void;
  #reject!: (error: unknown) => void;

  /** Made by a reactor. */
  constructor(fd: number, from: Origin, readNow: ReadNow) {
    this.fd = fd;
    this.from = from;
    this.#readNow = readNow;
  }

  get isWaiting(): boolean {
    return this.#into !== undefined;
  }

  /** Settles with what {@linkcode attempt} reads. */
  read(into: Uint8Array): Promise<number | null> {
    if (this.#isStopped) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#into = into;
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Ends the reading. */
  stop(): void {
    this.#isStopped = true;
    if (this.#into !== undefined) this.#resolve(null);
    this.#into = undefined;
  }

  /** Reads what is there, and returns how many bytes it read. */
  attempt(): number {
    let count: number | null | undefined;
    try {
      count = this.#readNow(this.#into!);
      if (count === undefined) return 0;
      this.#resolve(count);
    } catch (error) {
      this.#reject(error);
    }
    this.#into = undefined;
    return count ?? 0;
  }
}

/** How to write to a descriptor. */
export interface WritingOptions {
  readonly sendNow: SendNow;
  /**
   * Called when there was no room for everything: whether this is a pipe that holds enough for a
   * while. A pipe has room again with every page that is read from it, and writing at each would
   * take many times the calls.
   */
  readonly isWide: () => boolean;
}

/**
 * Milliseconds for which a full wide pipe is not tried: less than the other side needs to empty it.
 */
const REST_MS = 1;

/** A descriptor that is written, one write at a time. */
export class Writing implements Waiting {
  readonly fd: number;
  readonly events = Poll.OUT;
  readonly #sendNow: SendNow;
  readonly #isWide: () => boolean;
  readonly #now: () => number;
  #restsUntil = 0;
  /** Bytes that are not written yet. */
  #rest: readonly Uint8Array[] = [];
  #stopped: { readonly reason: unknown } | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  /** Made by a reactor, with its clock. */
  constructor(fd: number, { sendNow, isWide }: WritingOptions, now: () => number) {
    this.fd = fd;
    this.#sendNow = sendNow;
    this.#isWide = isWide;
    this.#now = now;
  }

  get isWaiting(): boolean {
    return this.#rest.length > 0;
  }

  /** Whether it is full, and not tried for a moment. */
  get isResting(): boolean {
    return this.#restsUntil > 0 && this.#now() < this.#restsUntil;
  }

  /** Writes what fits now, and settles when {@linkcode attempt} has written the rest. */
  write(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped.reason);
    return new Promise((resolve, reject) => {
      this.#rest = parts;
      this.#resolve = resolve;
      this.#reject = reject;
      this.attempt();
    });
  }

  /** Ends the writing: waiting and later writes fail with the reason. */
  stop(reason: unknown): void {
    this.#stopped = { reason };
    if (this.isWaiting) this.#reject(reason);
    this.#rest = [];
  }

  /** Whether there was anything that could be done. */
  attempt(): boolean {
    if (!this.isWaiting) return false;
    try {
      const count = this.#sendNow(this.#rest);
      this.#rest = remainingAfter(this.#rest, count);
      this.#restsUntil = this.isWaiting && this.#isWide() ? this.#now() + REST_MS : 0;
      if (this.isWaiting) return count > 0;
      this.#resolve();
    } catch (error) {
      this.#rest = [];
      this.#reject(error);
    }
    return true;
  }
}

/** What remains after the first `count` bytes. */
function remainingAfter(parts: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let index = 0;
  while (index < parts.length && count >= parts[index]!.length) count -= parts[index++]!.length;
  if (index === parts.length) return [];
  return [parts[index]!.subarray(count), ...parts.slice(index + 1)];
}
