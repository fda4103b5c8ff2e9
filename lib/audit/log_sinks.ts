/** A line of a log, on its way to where it is kept. */
export interface LogEntry {
  /** A value of `LogLevel`. */
  readonly level: number;
  /** When it was. */
  readonly time: Date;
  /** What happened, without time and program; no control character stands in it. */
  readonly text: string;
  /**
   * The whole line as it stands in a file, with its end, for one write. Its
   * bytes are lent: who keeps them copies them.
   */
  line(): Uint8Array;
}

/** Takes the lines of a log, one at a time; throws where one cannot be kept. */
export type LogSink = (entry: LogEntry) => void;

/**
 * Hands each line to all sinks. A log that cannot be written must not cost a
 * client its data: the first failure is told, and the session goes on.
 */
export class LogSinks {
  readonly #sinks: readonly LogSink[];
  readonly #onFailure: (error: unknown) => void;
  #failed = false;

  /** @param onFailure Told once, when a line could not be kept. */
  constructor(sinks: readonly LogSink[], onFailure: (error: unknown) => void) {
    this.#sinks = sinks;
    this.#onFailure = onFailure;
  }

  /** Hands over a line. */
  write(entry: LogEntry): void {
    for (const sink of this.#sinks) {
      try {
        sink(entry);
      } catch (error) {
        if (!this.#failed) this.#onFailure(error);
        this.#failed = true;
      }
    }
  }
}
