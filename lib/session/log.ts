/** How loud a line is: OpenSSH's levels, in its order. */
export const LogLevel = {
  QUIET: 0,
  FATAL: 1,
  ERROR: 2,
  INFO: 3,
  VERBOSE: 4,
  DEBUG: 5,
} as const;

/** Where a session says what it does. */
export interface Log {
  /** Lines above this level are not wanted; a value of {@linkcode LogLevel}. */
  readonly level: number;
  /** Takes one line without its end; control characters are the log's to escape. */
  write(level: number, line: string): void;
}

/** A log that takes nothing. */
export const silentLog: Log = { level: LogLevel.QUIET, write: () => {} };
