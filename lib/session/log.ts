import { cutName } from "../names.ts";
import type { Observer } from "./observer.ts";

/** How loud a line is: OpenSSH's levels, in its order. */
export const LogLevel = {
  /** Nothing. */
  QUIET: 0,
  /** What ends the program. */
  FATAL: 1,
  /** Faults of this side, and packets that are not SFTP. */
  ERROR: 2,
  /** Sessions, files opened and closed, whatever changes something, refusals. */
  INFO: 3,
  /** Look-ups besides. */
  VERBOSE: 4,
  /** Every request. */
  DEBUG: 5,
} as const;

/** Where a session says what it does, besides the requests that an observer tells of. */
export interface Log {
  /** Lines above this level are not wanted; a value of {@linkcode LogLevel}. */
  readonly level: number;
  /** Takes one line without its end; control characters are the log's to escape. */
  write(level: number, line: string): void;
  /** How it tells of requests; in the lines of OpenSSH's server where absent. */
  readonly observer?: Observer | undefined;
}

/** Linux's PATH_MAX: a longer path leads nowhere, and is the client's way to fill a log. */
const MAX_FIELD_BYTES = 4096;

/** Room for some fields in one line, or for a stack. */
const MAX_LINE_BYTES = 4 * MAX_FIELD_BYTES;

/** Text chosen by another party, for a log line: cut to the length that a path may have. */
export function boundedField(text: string): string;
export function boundedField(text: string | undefined): string | undefined;
export function boundedField(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cutName(text, MAX_FIELD_BYTES);
}

/** A line, cut where it is longer than any that is put together of bounded fields. */
export function boundedLine(line: string): string {
  return cutName(line, MAX_LINE_BYTES);
}

/** A log that takes nothing. */
export const silentLog: Log = { level: LogLevel.QUIET, write: () => {} };
