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

/** A log that takes nothing. */
export const silentLog: Log = { level: LogLevel.QUIET, write: () => {} };
