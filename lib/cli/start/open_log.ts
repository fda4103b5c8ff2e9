import { messageOf } from "../../message_of.ts";
import { JsonLog } from "../../audit/json_log.ts";
import { LineLog } from "../../audit/line_log.ts";
import type { LogSink } from "../../audit/log_sinks.ts";
import { escapeControls } from "../../audit/log_text.ts";
import { whoseSession } from "../../audit/openssh_lines.ts";
import { FACILITIES, type SyslogSource } from "../../audit/syslog.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import type { SessionFacts } from "../../session/observer.ts";
import { printError } from "../../transport/stdio.ts";
import { openLibc, openLibcIfAllowed } from "../../linux/libc.ts";
import { StartError } from "../errors.ts";
import { openToAppend } from "../files/append_file.ts";
import { DEFAULT_FACILITY, type LogOptions } from "../options/log_options.ts";
import { openSyslog, openSyslogIfThere, SYSLOG_PATH } from "../../audit/syslog_socket.ts";

const NEWLINE = 0x0a;

/** A session's log, open. */
export interface SessionLog extends Log {
  /**
   * Writes why the session cannot begin, or what is wrong with its log: to the log, and to syslog
   * if sshd started this program, whatever the options are.
   */
  report(text: string): void;
}

/**
 * Opens the log, while its file or socket can still be opened. Without an option that says
 * otherwise, it goes to syslog, if there is one. A file that cannot be opened is reported, and the
 * log goes to syslog instead.
 *
 * @param syslogPath Where syslog listens.
 * @throws {StartError} If the log is required and cannot be opened.
 */
export function openLog(
  options: LogOptions,
  session: SessionFacts,
  syslogPath = SYSLOG_PATH,
): SessionLog {
  const { logFile, logToStderr, logLevel } = options;
  const sinks: LogSink[] = [];
  const troubles: string[] = [];
  if (logFile !== undefined) addFile(logFile, sinks, troubles);
  if (logToStderr) sinks.push((entry) => Deno.stderr.writeSync(entry.line()));
  const isMissing = (sinks.length === 0 || troubles.length > 0) && logLevel > LogLevel.QUIET;
  const isWanted = isMissing || options.syslog !== undefined;
  // Its file may be full, or a program that does not read may be in its way.
  const isRemote = session.client !== undefined;
  const syslog = isWanted || isRemote ? openSyslogOf(options, syslogPath, troubles) : undefined;
  if (isWanted && syslog !== undefined) sinks.push(syslog);
  if (options.logRequired) requireLog(sinks, troubles, logLevel);

  const level = sinks.length === 0 ? LogLevel.QUIET : logLevel;
  const reportsToSyslog = isWanted && level >= LogLevel.ERROR;
  const witness = isRemote && syslog !== undefined && !reportsToSyslog
    ? formed(options, session, { level: LogLevel.ERROR, sinks: [syslog], onFailure: tellFailure })
    : undefined;
  const inWords = (text: string) => `${text} (${whoseSession(session)})`;
  const onFailure = (error: unknown) => {
    tellFailure(error);
    witness?.write(LogLevel.ERROR, inWords(unwritten(error)));
  };
  const log = formed(options, session, { level, sinks, onFailure });
  const report = (text: string) => {
    log.write(LogLevel.ERROR, inWords(text));
    witness?.write(LogLevel.ERROR, inWords(text));
  };
  for (const trouble of troubles) {
    printError(`sftpwrap: ${escapeControls(trouble)}\n`);
    report(trouble);
  }
  return Object.assign(log, { report });
}

/** A log in the form that the options say. */
export function formed(
  { logFormat, logTag: tag, logUser }: Pick<LogOptions, "logFormat" | "logTag" | "logUser">,
  session: SessionFacts,
  { level, sinks, onFailure }: {
    readonly level: number;
    readonly sinks: readonly LogSink[];
    readonly onFailure: (error: unknown) => void;
  },
): Log {
  return logFormat === "json"
    ? new JsonLog(level, { ...session, logUser, tag }, sinks, onFailure)
    : new LineLog(level, sinks, onFailure, tag);
}

/** Says on standard error that a line could not be written. */
export function tellFailure(error: unknown): void {
  printError(`sftpwrap: ${unwritten(error)}\n`);
}

function unwritten(error: unknown): string {
  return `the log cannot be written: ${messageOf(error)}`;
}

/** Without FFI or a listening syslog there is none. */
export function syslogIfThere(path: string, source: SyslogSource): LogSink | undefined {
  const libc = openLibcIfAllowed();
  return libc && openSyslogIfThere(libc, path, source);
}

function openSyslogOf(
  { syslog, logTag: tag }: LogOptions,
  path: string,
  troubles: string[],
): LogSink | undefined {
  // No option has asked for it.
  if (syslog === undefined) {
    return syslogIfThere(path, { facility: FACILITIES.get(DEFAULT_FACILITY)!, tag });
  }
  try {
    return openSyslog(openLibc(), path, { facility: syslog, tag });
  } catch (error) {
    troubles.push(messageOf(error));
    return undefined;
  }
}

function requireLog(
  sinks: readonly LogSink[],
  [trouble]: readonly string[],
  logLevel: number,
): void {
  if (trouble !== undefined) throw new StartError(trouble);
  if (sinks.length > 0 || logLevel === LogLevel.QUIET) return;
  throw new StartError("there is no log, and --log-required: syslog cannot be reached");
}

/** Appends whole lines, so that many sessions can share one file. */
function addFile(path: string, sinks: LogSink[], troubles: string[]): void {
  try {
    const file = openToAppend(path);
    sinks.push(wholeLines((line) => file.writeSync(line)));
  } catch (error) {
    troubles.push(`cannot open the log ${path}: ${messageOf(error)}`);
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
