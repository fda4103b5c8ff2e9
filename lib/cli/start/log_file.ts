import { messageOf } from "../../message_of.ts";
import { JsonLog } from "../../audit/json_log.ts";
import { LineLog } from "../../audit/line_log.ts";
import type { LogSink } from "../../audit/log_sinks.ts";
import { FACILITIES } from "../../audit/syslog.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import type { SessionFacts } from "../../session/observer.ts";
import { printError } from "../../transport/stdio.ts";
import { openLibc } from "../../linux/libc.ts";
import { StartError } from "../errors.ts";
import { openToAppend } from "../files/append_file.ts";
import { DEFAULT_FACILITY, type LogOptions } from "../options/log_options.ts";
import { openSyslog, openSyslogIfThere, SYSLOG_PATH } from "../../audit/syslog_socket.ts";

/** Only the account itself may read a log that is created here. */
const LOG_MODE = 0o600;

const NEWLINE = 0x0a;

/**
 * Opens the log, while its file or socket can still be opened. Without an
 * option that says otherwise, it goes to syslog, if there is one.
 *
 * @param syslogPath Where syslog listens.
 * @throws {StartError} If it cannot be opened.
 */
export function openLog(
  options: LogOptions,
  session: SessionFacts,
  syslogPath = SYSLOG_PATH,
): Log {
  const sinks = openSinks(options, syslogPath);
  const level = sinks.length === 0 ? LogLevel.QUIET : options.logLevel;
  const { logFormat, logTag: tag, logUser } = options;
  return logFormat === "json"
    ? new JsonLog(level, { ...session, logUser, tag }, sinks, tellFailure)
    : new LineLog(level, sinks, tellFailure, tag);
}

function tellFailure(error: unknown): void {
  printError(`sftpwrap: the log cannot be written: ${String(error)}\n`);
}

function openSinks(
  { logFile, logToStderr, syslog, logLevel, logTag: tag }: LogOptions,
  syslogPath: string,
): readonly LogSink[] {
  const sinks: LogSink[] = [];
  if (logFile !== undefined) sinks.push(fileSink(logFile));
  if (logToStderr) sinks.push((entry) => Deno.stderr.writeSync(entry.line()));
  if (syslog !== undefined) {
    try {
      sinks.push(openSyslog(openLibc(), syslogPath, { facility: syslog, tag }));
    } catch (error) {
      throw new StartError(messageOf(error));
    }
  } else if (sinks.length === 0 && logLevel > LogLevel.QUIET) {
    sinks.push(...syslogIfThere(syslogPath, tag));
  }
  return sinks;
}

/** Without FFI or a listening syslog there is no log: no option has asked for one. */
function syslogIfThere(path: string, tag: string): readonly LogSink[] {
  try {
    const facility = FACILITIES.get(DEFAULT_FACILITY)!;
    return [openSyslogIfThere(openLibc(), path, { facility, tag }) ?? []].flat();
  } catch (error) {
    if (error instanceof Error) return [];
    throw error;
  }
}

/** Appends whole lines, so that many sessions can share one file. */
function fileSink(path: string): LogSink {
  try {
    const file = openToAppend(path, LOG_MODE);
    return wholeLines((line) => file.writeSync(line));
  } catch (error) {
    throw new StartError(`cannot open the log ${path}: ${messageOf(error)}`);
  }
}

/**
 * Writes each line with one call. If only part of a line was written, the next
 * one still begins on a line of its own.
 *
 * @param write Appends, and returns how many bytes it wrote.
 */
export function wholeLines(write: (bytes: Uint8Array) => number): LogSink {
  let torn = false;
  return (entry) => {
    const line = entry.line();
    const bytes = torn ? Uint8Array.of(NEWLINE, ...line) : line;
    const written = write(bytes);
    if (written < bytes.length) {
      torn = written > 0 || torn;
      throw new Error(`only ${written} of ${bytes.length} bytes found room`);
    }
    torn = false;
  };
}
