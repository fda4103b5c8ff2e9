import type { Session } from "../session/session.ts";
import { onceSoon } from "../async/once_soon.ts";
import type { Transport } from "../transport/stdio.ts";
import { Writer } from "../wire/writer.ts";

/** This many bytes are sent without waiting for more: they keep the client busy. */
const FULL_BATCH_BYTES = 65536;

/** Sends replies as they become ready, beside the reading of requests. */
export class ReplySender {
  readonly #session: Session;
  readonly #transport: Transport;
  #spare = new Writer();
  readonly #startSoon = onceSoon(() => this.#start());
  #sending: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** From now on, only this sends the replies of the session. */
  constructor(session: Session, transport: Transport) {
    this.#session = session;
    this.#transport = transport;
    session.onReply = () => this.wake();
  }

  /** Begins to send what is ready, if that is not under way: at once, or when there is more of it. */
  wake(): void {
    if (this.#sending !== undefined) return;
    if (this.#session.replies.length >= FULL_BATCH_BYTES) this.#start();
    else this.#startSoon();
  }

  /**
   * Settles when everything that is ready has been sent.
   *
   * @throws What a write has thrown.
   */
  async sent(): Promise<void> {
    this.#start();
    await this.#sending;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** As {@linkcode sent}, and the last. */
  async end(): Promise<void> {
    this.#session.onReply = () => {};
    await this.sent();
  }

  #start(): void {
    if (this.#failure !== undefined || this.#session.replies.length === 0) return;
    this.#sending ??= this.#send();
  }

  async #send(): Promise<void> {
    try {
      while (this.#session.replies.length > 0) {
        const full = this.#session.swapReplies(this.#spare);
        await (this.#transport.writeAll?.(full.parts) ?? this.#transport.write(full.written));
        this.#session.sent(full);
        this.#spare = full;
      }
    } catch (error) {
      // It is thrown by `sent()`.
      this.#failure = { error };
    }
    this.#sending = undefined;
  }
}
