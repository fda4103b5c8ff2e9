import type { Polling, Transport } from "./stdio.ts";
import { GRACE_MS, GracePeriod } from "../async/grace_period.ts";
import { withTimeout } from "../async/with_timeout.ts";

/** How long a session may last; without limit where one is absent. */
export interface TimeoutOptions {
  /**
   * Milliseconds after which an idle session ends: no request arrives, nothing is
   * sent, and the storage does nothing.
   */
  readonly idleTimeout?: number | undefined;
  /** Milliseconds after which the session ends, even if it is busy. */
  readonly maxSession?: number | undefined;
}

/** Whom to ask and whom to tell. */
export interface TimeoutHooks {
  /** Whether the storage still works on a request: such a session is not idle. */
  isBusy(): boolean;
  /** Asked about once a second; returns why the session must end, whatever its limits are. */
  mustEnd?: (() => string | undefined) | undefined;
  /** Called once, when the time is over, with what has become of the session, and why. */
  onEnd(what: "timed out" | "ended", reason: string): void;
}

/** Bytes to write between two checks of whether the client still takes them. */
const WRITE_PIECE_BYTES = 64 * 1024;

/** Milliseconds between two questions of whether the session must end. */
const ASK_INTERVAL_MS = 1000;

/** The longest that a timer and poll(2) can wait. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/** The time of a session is over, and what it waits for does not happen. */
class SessionTimeout extends Error {
  /** The class's name. */
  override readonly name = "SessionTimeout";
}

/** Watches the time of one session from its construction on. Without limits it does nothing. */
export class Timeouts {
  readonly #limits: TimeoutOptions;
  readonly #hooks: TimeoutHooks;
  /** When the session ends at the latest. */
  readonly #end: number;
  /** When the client or the storage has last done something. */
  #lastSign = performance.now();
  /** When to ask next whether the session must end. */
  #nextQuestion: number;
  #isOver = false;
  /** When unsent replies are dropped; set once the time is over. */
  #lastMoment = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Breaks off the read that waits. */
  #endRead: () => void = () => {};
  /** Breaks off the write that waits. */
  #endWrite: () => void = () => {};
  /** For replies and outstanding requests after the time is over. */
  readonly #grace = new GracePeriod();

  constructor(limits: TimeoutOptions, hooks: TimeoutHooks) {
    this.#limits = limits;
    this.#hooks = hooks;
    this.#end = performance.now() + (limits.maxSession ?? Infinity);
    this.#nextQuestion = hooks.mustEnd === undefined ? Infinity : 0;
    this.#wind();
  }

  /** Checks the clock while the session is busy, and returns whether the time is over. */
  lookWhileBusy(): boolean {
    this.#sign();
    return this.#look();
  }

  /** Whether the time is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Settles like `work`, but throws if `work` has not settled a moment after the
   * time is over.
   */
  async bounded(work: Promise<void>): Promise<void> {
    await this.#grace.bounded(work);
  }

  /**
   * Stops watching, and waits for `work`, which closes everything; only for a
   * moment if the time is over.
   */
  async ended(work: Promise<void>): Promise<void> {
    clearTimeout(this.#timer);
    this.#grace.cancel();
    await (this.#isOver ? withTimeout(work, GRACE_MS, undefined) : work);
  }

  /**
   * The same streams, whose input ends when the time is over, and on which
   * writing fails a moment later. Blocking reads and writes are limited only if
   * the streams have polling.
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
        // The session has been busy until now.
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
    // A race with one long-lived promise would leak: the promise would keep every read.
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

  /** Milliseconds until the next limit. */
  #remaining(): number {
    const { idleTimeout = Infinity } = this.#limits;
    const next = this.#isOver
      ? this.#lastMoment
      : Math.min(this.#end, this.#lastSign + idleTimeout, this.#nextQuestion);
    return Math.ceil(Math.max(0, Math.min(next - performance.now(), MAX_WAIT_MS)));
  }

  /** Checks the clock, and returns whether the time is over. */
  #look(): boolean {
    if (this.#isOver) return true;
    const { idleTimeout = Infinity, maxSession } = this.#limits;
    const now = performance.now();
    if (now >= this.#end) {
      this.#finish("timed out", `the session has lasted ${seconds(maxSession)}`);
    } else if (this.#hooks.isBusy()) this.#sign();
    else if (now >= this.#lastSign + idleTimeout) {
      this.#finish("timed out", `no request for ${seconds(idleTimeout)}`);
    }
    if (!this.#isOver && now >= this.#nextQuestion) this.#ask(now);
    return this.#isOver;
  }

  #ask(now: number): void {
    this.#nextQuestion = now + ASK_INTERVAL_MS;
    const reason = this.#hooks.mustEnd?.();
    if (reason !== undefined) this.#finish("ended", reason);
  }

  #finish(what: "timed out" | "ended", reason: string): void {
    this.#isOver = true;
    this.#lastMoment = performance.now() + GRACE_MS;
    this.#hooks.onEnd(what, reason);
    this.#endRead();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#endWrite(), GRACE_MS);
    this.#grace.begin(new SessionTimeout());
  }

  /** The timer fires wherever nothing blocks. */
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
