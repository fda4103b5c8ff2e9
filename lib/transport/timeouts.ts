import type { Polling, Transport } from "./stdio.ts";
import { withTimeout } from "../async/with_timeout.ts";

/** How long a session may be; without end where a limit is absent. */
export interface TimeoutOptions {
  /**
   * Milliseconds without a request, while nothing is sent and the storage does
   * nothing, after which the session ends.
   */
  readonly idleTimeout?: number | undefined;
  /** Milliseconds after which the session ends, whatever goes on. */
  readonly maxSession?: number | undefined;
}

/** Whom to ask and whom to tell. */
export interface TimeoutHooks {
  /** Whether the storage still works on a request: that is no idleness. */
  isBusy(): boolean;
  /** Called once, when the time is over, with the reason. */
  onEnd(reason: string): void;
}

/** Bytes to write between two looks at whether the client still takes them. */
const WRITE_PIECE_BYTES = 64 * 1024;

/** Milliseconds that replies and outstanding requests still have when the time is over. */
const END_GRACE_MS = 1000;

/** The longest that a timer and poll(2) can wait. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/** The time of a session is over, and what it waits for does not come. */
class SessionTimeout extends Error {
  /** The class's name. */
  override readonly name = "SessionTimeout";
}

/** Watches the time of one session, from its making on. Without limits there is none. */
export class Timeouts {
  readonly #limits: TimeoutOptions;
  readonly #hooks: TimeoutHooks;
  /** When the session ends at the latest. */
  readonly #end: number;
  /** When the client or the storage has last done something. */
  #lastSign = performance.now();
  #isOver = false;
  /** When what is not sent yet is left; it stands where the time is over. */
  #lastMoment = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Breaks off the read that waits. */
  #endRead: () => void = () => {};
  /** Breaks off the write that waits. */
  #endWrite: () => void = () => {};
  readonly #givenUp = Promise.withResolvers<never>();

  constructor(limits: TimeoutOptions, hooks: TimeoutHooks) {
    this.#limits = limits;
    this.#hooks = hooks;
    this.#end = performance.now() + (limits.maxSession ?? Infinity);
    this.#givenUp.promise.catch(() => undefined); // Not everybody waits for it.
    this.#wind();
  }

  /** Looks at the clock while something is done, which is no idleness; whether the time is over. */
  lookWhileBusy(): boolean {
    this.#sign();
    return this.#look();
  }

  /** Whether the time is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Does as `work`, but where the time is over waits no longer than a moment
   * for it, and throws then.
   */
  async bounded(work: Promise<void>): Promise<void> {
    await Promise.race([work, this.#givenUp.promise]);
  }

  /**
   * Stops watching, and waits for `work`, which closes everything; where the
   * time is over, no longer than a moment.
   */
  async ended(work: Promise<void>): Promise<void> {
    clearTimeout(this.#timer);
    await (this.#isOver ? withTimeout(work, END_GRACE_MS, undefined) : work);
  }

  /**
   * The same streams, whose input ends when the time is over, and on which
   * writing fails a moment later. Blocking reads and writes keep time only
   * where there is polling.
   */
  watch(transport: Transport): Transport {
    const { polling } = transport;
    return {
      ...(polling === undefined ? unwatched(transport) : this.#watchBlocking(transport, polling)),
      read: (into) => this.#read(transport, into),
      write: (bytes) => this.#write(transport, bytes),
    };
  }

  #watchBlocking(transport: Transport, polling: Polling): BlockingPart {
    const watched: Polling = {
      ...polling,
      trySend: (bytes) => {
        const count = polling.trySend(bytes);
        if (count > 0) this.#sign();
        return count;
      },
      wait: (until) => {
        const told = polling.wait({ ...until, timeout: this.#remaining() });
        if (!told.input && this.#look() && performance.now() >= this.#lastMoment) {
          throw new SessionTimeout();
        }
        return told;
      },
    };
    return {
      polling: watched,
      readSync: (into) => {
        // What was done until now was no idleness.
        this.#sign();
        for (;;) {
          const timeout = this.#remaining();
          const { input } = polling.wait({ input: true, output: false, timeout });
          if (input) this.#sign();
          if (this.#look()) return null;
          if (input) return transport.readSync(into);
        }
      },
      writeSync(bytes) {
        for (let sent = 0; sent < bytes.length;) {
          sent += watched.trySend(bytes.subarray(sent));
          if (sent < bytes.length) watched.wait({ input: false });
        }
      },
    };
  }

  #read(transport: Transport, into: Uint8Array): Promise<number | null> {
    if (this.#isOver) return Promise.resolve(null);
    // No race with one long-lived promise: that would remember each read for ever.
    return new Promise((resolve, reject) => {
      this.#endRead = () => resolve(null);
      transport.read(into).then((count) => {
        this.#sign();
        resolve(count);
      }, reject);
    });
  }

  async #write(transport: Transport, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += WRITE_PIECE_BYTES) {
      await new Promise<void>((resolve, reject) => {
        this.#endWrite = () => reject(new SessionTimeout());
        transport.write(bytes.subarray(at, at + WRITE_PIECE_BYTES)).then(resolve, reject);
      });
      this.#sign();
    }
  }

  #sign(): void {
    this.#lastSign = performance.now();
  }

  /** Milliseconds until there is something to look at. */
  #remaining(): number {
    const { idleTimeout = Infinity } = this.#limits;
    const next = this.#isOver
      ? this.#lastMoment
      : Math.min(this.#end, this.#lastSign + idleTimeout);
    return Math.ceil(Math.max(0, Math.min(next - performance.now(), MAX_WAIT_MS)));
  }

  /** Looks at the clock, and tells whether the time is over. */
  #look(): boolean {
    if (this.#isOver) return true;
    const { idleTimeout = Infinity, maxSession } = this.#limits;
    const now = performance.now();
    if (now >= this.#end) this.#finish(`the session has lasted ${seconds(maxSession)}`);
    else if (this.#hooks.isBusy()) this.#sign();
    else if (now >= this.#lastSign + idleTimeout) {
      this.#finish(`no request for ${seconds(idleTimeout)}`);
    }
    return this.#isOver;
  }

  #finish(reason: string): void {
    this.#isOver = true;
    this.#lastMoment = performance.now() + END_GRACE_MS;
    this.#hooks.onEnd(reason);
    this.#endRead();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#endWrite();
      this.#givenUp.reject(new SessionTimeout());
    }, END_GRACE_MS);
  }

  /** The timer has its turn wherever nothing blocks. */
  #wind(): void {
    this.#timer = setTimeout(() => {
      if (!this.#look()) this.#wind();
    }, this.#remaining());
  }
}

/** What a blocking session uses of its streams. */
type BlockingPart = Pick<Transport, "readSync" | "writeSync" | "polling">;

function unwatched(transport: Transport): BlockingPart {
  return {
    readSync: (into) => transport.readSync(into),
    writeSync: (bytes) => transport.writeSync(bytes),
  };
}

function seconds(milliseconds = 0): string {
  return `${milliseconds / 1000} s`;
}
