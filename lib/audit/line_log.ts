import { boundedLine, type Log } from "../session/log.ts";
import { type LogSink, LogSinks } from "./log_sinks.ts";
import { encodeText, escapeLine, timestamp } from "./log_text.ts";

/** The program's default name in the log. */
export const LOG_TAG = "sftpwrap";

/**
 * A log of text lines: time with zone, program, process, and what happened in
 * OpenSSH's words.
 *
 * A log that cannot be written must not cost a client its data: `onFailure` gets the first failure,
 * and the session continues.
 */
export class LineLog implements Log {
  /** Lines above this level are left out; a value of `LogLevel`. */
  readonly level: number;
  readonly #sinks: LogSinks;
  readonly #tag: string;

  /**
   * A log over sinks that are already open.
   *
   * @param level A value of `LogLevel`.
   * @param sinks Where each line goes.
   * @param onFailure Called once, when a line could not be written.
   * @param tag The program's name in each line.
   */
  constructor(
    level: number,
    sinks: readonly LogSink[],
    onFailure: (error: unknown) => void,
    tag: string = LOG_TAG,
  ) {
    this.level = level;
    this.#tag = tag;
    this.#sinks = new LogSinks(sinks, onFailure);
  }

  /** Writes a line, with its control characters escaped and backslashes doubled. */
  write(level: number, line: string): void {
    if (level > this.level) return;
    const time = new Date();
    const text = escapeLine(boundedLine(line));
    this.#sinks.write({
      level,
      time,
      text,
      line: () => encodeText(`${timestamp(time)} ${this.#tag}[${Deno.pid}]: ${text}\n`),
    });
  }
}
