/** A line of a log, on its way to the sinks. */
export interface LogEntry {
  /** A value of `LogLevel`. */
  readonly level: number;
  /** When it happened. */
  readonly time: Date;
  /** What happened, without time and program, and without control characters. */
  readonly text: string;
  /**
   * The whole line as in a file, with its newline, for one write. The bytes are lent: a sink that
   * keeps them must copy them.
   */
  line(): Uint8Array;
}

/** Takes the lines of a log, one at a time; throws if one cannot be kept. */
export type LogSink = (entry: LogEntry) => void;

/**
 * Hands each line to all sinks. A log that cannot be written must not cost a client its data: the
 * first failure is reported, and the session continues.
 */
export class LogSinks {
  readonly #sinks: readonly LogSink[];
  readonly #onFailure: (error: unknown) => void;
  #failed = false;

  /** @param onFailure Called once, when a line could not be kept. */
  constructor(sinks: readonly LogSink[], onFailure: (error: unknown) => void) {
    this.#sinks = sinks;
    this.#onFailure = onFailure;
  }

  /** Passes a line to all sinks. */
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
