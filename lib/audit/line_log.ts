import { encodeName } from "../names.ts";
import type { Log } from "../session/log.ts";

/** Takes bytes that are one line, in one piece. */
export type LineSink = (line: Uint8Array) => void;

/**
 * A log of text lines: time with zone, program, process, and what happened in
 * OpenSSH's words.
 *
 * A log that cannot be written must not cost a client its data: the first
 * failure is told to `onFailure`, and the session goes on.
 */
export class LineLog implements Log {
  /** Lines above this level are left out; a value of `LogLevel`. */
  readonly level: number;
  readonly #sinks: readonly LineSink[];
  readonly #onFailure: (error: unknown) => void;
  #failed = false;

  /**
   * A log over sinks that are open already.
   *
   * @param level A value of `LogLevel`.
   * @param sinks Where each line goes.
   * @param onFailure Told once, when a line could not be written.
   */
  constructor(
    level: number,
    sinks: readonly LineSink[],
    onFailure: (error: unknown) => void,
  ) {
    this.level = level;
    this.#sinks = sinks;
    this.#onFailure = onFailure;
  }

  write(level: number, line: string): void {
    if (level > this.level) return;
    const stamped = `${timestamp(new Date())} sftpwrap[${Deno.pid}]: ${escapeControls(line)}\n`;
    const bytes = encodeName(stamped);
    for (const sink of this.#sinks) {
      try {
        sink(bytes);
      } catch (error) {
        if (!this.#failed) this.#onFailure(error);
        this.#failed = true;
      }
    }
  }
}

// Controls (C0, DEL, C1), line separators, marks that turn text around, and
// bytes that are not UTF-8: none may change how a reader sees the lines.
// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/g;

/** Writes what could fake or hide a line as octal bytes, as vis(3) does. */
export function escapeControls(text: string): string {
  return text.replace(
    /[\ud800-\udbff][\udc00-\udfff]|[^]/g,
    (character) =>
      character.length === 1 && character.match(UNSAFE)
        ? [...encodeName(character)].map((byte) => "\\" + byte.toString(8).padStart(3, "0")).join(
          "",
        )
        : character,
  );
}

/** ISO 8601 with milliseconds, in local time with its distance from UTC. */
function timestamp(date: Date): string {
  const ahead = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + ahead * 60_000).toISOString().slice(0, -1);
  const minutes = Math.abs(ahead);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${local}${ahead < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
