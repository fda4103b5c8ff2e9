import type { Sink } from "./channel.ts";
import { onceSoon } from "../async/once_soon.ts";
import { Writer } from "../wire/writer.ts";

/** While this many bytes wait for the channel, further requests are not written yet. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** This many bytes are sent without waiting for more: they keep the other side busy. */
const FULL_BATCH_BYTES = 65536;

/** Something that becomes a packet when its turn comes. */
export interface Outgoing {
  /** Appends the packet. */
  write(writer: Writer): void;
}

/**
 * Sends packets in order, as many at once as have gathered while the ones
 * before them were on their way. What waits is bounded: beyond that the
 * requests themselves wait, with their data still where the caller has it.
 */
export class Sender {
  readonly #sink: Sink;
  readonly #onError: (error: unknown) => void;
  #filling = new Writer();
  #spare = new Writer();
  #queue: Outgoing[] = [];
  #queueStart = 0;
  #isSending = false;
  #onSent: () => void = () => {};
  readonly #startSoon = onceSoon(() => this.#start());
  #stopped = false;

  /**
   * @param sink Where packets go.
   * @param onError Told when a packet could not be sent; nothing is sent after that.
   */
  constructor(sink: Sink, onError: (error: unknown) => void) {
    this.#sink = sink;
    this.#onError = onError;
  }

  /** Sends a packet after all others. */
  send(packet: Outgoing): void {
    if (this.#stopped) return;
    if (this.#filling.length >= MAX_WAITING_BYTES) this.#queue.push(packet);
    else packet.write(this.#filling);
    if (this.#filling.length >= FULL_BATCH_BYTES) this.#start();
    else this.#startSoon();
  }

  /** Ends the stream after everything sent so far. */
  async end(): Promise<void> {
    while (!this.#stopped && (this.#isSending || this.#filling.length > 0)) {
      await new Promise<void>((resolve) => this.#onSent = resolve);
    }
    if (this.#stopped) return;
    this.#stopped = true;
    try {
      await this.#sink.close();
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Drops what has not been sent, and breaks the stream off. */
  stop(reason: unknown): void {
    this.#stopped = true;
    this.#queue = [];
    this.#queueStart = 0;
    // The stream may be broken already, which is what is wanted.
    this.#sink.abort(reason).catch(() => undefined);
  }

  #start(): void {
    if (!this.#isSending) this.#drain();
  }

  async #drain(): Promise<void> {
    this.#isSending = true;
    try {
      while (this.#filling.length > 0 && !this.#stopped) {
        const full = this.#filling;
        this.#filling = this.#spare;
        this.#spare = full;
        this.#writeQueued();
        await (this.#sink.writeAll?.(full.parts) ?? this.#sink.write(full.written));
        full.clear();
      }
    } catch (error) {
      this.#stopped = true;
      this.#onError(error);
    }
    this.#isSending = false;
    this.#onSent();
  }

  #writeQueued(): void {
    while (this.#queueStart < this.#queue.length && this.#filling.length < MAX_WAITING_BYTES) {
      this.#queue[this.#queueStart++]!.write(this.#filling);
    }
    if (this.#queueStart === this.#queue.length) {
      this.#queue = [];
      this.#queueStart = 0;
    }
  }
}

/** A stream as a sink, which alone may write it from now on. */
export function sinkOf(stream: WritableStream<Uint8Array>): Sink {
  const writer = stream.getWriter();
  // A failure is met by the write that it befalls.
  writer.closed.catch(() => undefined);
  return writer;
}
