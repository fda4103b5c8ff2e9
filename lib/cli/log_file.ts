import { LineLog, type LineSink } from "../audit/line_log.ts";
import { type Log, LogLevel } from "../session/log.ts";
import { printError } from "../stdio.ts";
import { StartError } from "./errors.ts";

/** Only the account itself reads a log that is made here. */
const LOG_MODE = 0o600;

/** Where the log goes. */
export interface LogOptions {
  readonly logFile: string | undefined;
  readonly logToStderr: boolean;
  /** A value of `LogLevel`. */
  readonly logLevel: number;
}

/**
 * Opens the log, before the way to its file is closed.
 *
 * @throws {StartError} If it cannot be opened.
 */
export function openLog({ logFile, logToStderr, logLevel }: LogOptions): Log {
  const sinks: LineSink[] = [];
  if (logFile !== undefined) sinks.push(fileSink(logFile));
  if (logToStderr) sinks.push((line) => Deno.stderr.writeSync(line));
  return new LineLog(sinks.length === 0 ? LogLevel.QUIET : logLevel, sinks, (error) => {
    printError(`sftpwrap: the log cannot be written: ${String(error)}\n`);
  });
}

/** Appends in whole lines, so that many sessions can share one file. */
function fileSink(path: string): LineSink {
  try {
    const file = Deno.openSync(path, { append: true, create: true, mode: LOG_MODE });
    return (line) => file.writeSync(line);
  } catch (error) {
    throw new StartError(`cannot open the log ${path}: ${String(error)}`);
  }
}
