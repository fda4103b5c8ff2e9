import type { Session } from "../session/session.ts";
import type { Transport } from "../transport/stdio.ts";
import type { Framer } from "../wire/framer.ts";
import type { Reader } from "../wire/reader.ts";
import type { BackgroundWork } from "./background.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { ReplySender } from "./reply_sender.ts";

/** Replies may wait for the client up to this many bytes; then no request is taken. */
export const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** What both loops work with; the second continues where the first ends. */
export interface Streams {
  readonly session: Session;
  readonly transport: Transport;
  readonly checkpoints: Checkpoints;
  readonly background: BackgroundWork;
  readonly framer: Framer;
  /** The current request. */
  readonly packet: Reader;
}

/** Reads requests while replies are sent: for storages that answer with promises. */
export class OverlappingLoop {
  readonly #streams: Streams;
  #isOver = false;
  /** Ends the waiting for input, as the end of input does. */
  #endRead: () => void = () => {};

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  /** Takes no more requests, as at the end of input. */
  end(): void {
    this.#isOver = true;
    this.#endRead();
  }

  /** Serves until the end of input. */
  async run(): Promise<void> {
    const { session, transport, checkpoints, background, framer, packet } = this.#streams;
    const sender = new ReplySender(session, transport);
    checkpoints.beat();
    background.start();
    try {
      for (;;) {
        while (framer.next(packet)) {
          const wait = session.accept(packet, framer);
          if (wait !== undefined) await this.#watched(wait);
          const isOver = checkpoints.between();
          if (isOver !== false && await isOver) return;
          sender.wake();
          if (session.replies.length >= MAX_WAITING_BYTES) await sender.sent();
        }
        const count = await this.#watched(this.#read());
        if (count === null) break;
        framer.commit(count);
      }
    } finally {
      background.stop();
      checkpoints.inputEnded();
      await this.#watched(session.idle());
      await sender.end();
    }
  }

  #watched<T>(waiting: Promise<T>): Promise<T> {
    this.#streams.checkpoints.watch();
    return waiting;
  }

  /** Bytes when there are some; null at the end of input, and when the session must end. */
  #read(): Promise<number | null> {
    if (this.#isOver) return Promise.resolve(null);
    const { transport, framer } = this.#streams;
    return new Promise((resolve, reject) => {
      this.#endRead = () => resolve(null);
      transport.read(framer.free()).then(resolve, reject);
    });
  }
}
