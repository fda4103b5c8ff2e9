import { LOG_TAG } from "../../audit/line_log.ts";
import { FACILITIES } from "../../audit/syslog.ts";
import { LogLevel } from "../../session/log.ts";
import type { OptionSpec, ParsedArgs } from "./args.ts";
import { UsageError } from "../errors.ts";
import { logFile, logLevel, oneOf } from "./values.ts";

/** Where the log goes, how much is logged, and in which form. */
export interface LogOptions {
  readonly logFile: string | undefined;
  readonly logToStderr: boolean;
  /** A value of `LogLevel`. */
  readonly logLevel: number;
  readonly logFormat: LogFormat;
  /** The program's name in lines of text and in syslog. */
  readonly logTag: string;
  /** The facility for syslog, a value of `FACILITIES`. */
  readonly syslog: number | undefined;
  /** Whether a session may begin only if its log could be opened. */
  readonly logRequired: boolean;
}

/** The form of a log's lines: OpenSSH's words, or JSON. */
export type LogFormat = typeof LOG_FORMATS[number];

const LOG_FORMATS = ["text", "json"] as const;

/** The default facility, as in OpenSSH's server. */
export const DEFAULT_FACILITY = "AUTH";

/** The options of the log, which every subcommand takes. */
export const logSpecs: readonly OptionSpec[] = [
  { name: "logfile", letter: "l", value: "FILE", help: "append the log to FILE" },
  { name: "log-to-stderr", help: "write the log to standard error" },
  {
    name: "syslog",
    value: "FACILITY",
    choices: [...FACILITIES.keys()],
    otherwise: DEFAULT_FACILITY,
    isValue: (word) => FACILITIES.has(word.toUpperCase()),
    help: `send the log to syslog (${DEFAULT_FACILITY}), the default without a file and stderr`,
  },
  {
    name: "log-level",
    value: "LEVEL",
    choices: Object.keys(LogLevel),
    help: "QUIET, FATAL, ERROR, INFO (default), VERBOSE or DEBUG",
  },
  {
    name: "log-format",
    value: "FORMAT",
    choices: LOG_FORMATS,
    help: "text (default): OpenSSH's words; json: one object per line",
  },
  {
    name: "log-tag",
    value: "NAME",
    help: `the program's name in the log and in syslog (${LOG_TAG})`,
  },
  { name: "log-required", help: "refuse a session whose log cannot be opened" },
];

/** @throws {UsageError} If a value is not valid. */
export function parseLogOptions({ values, switches }: ParsedArgs): LogOptions {
  return {
    logFile: logFile(values.get("logfile")),
    logToStderr: switches.has("log-to-stderr"),
    logLevel: logLevel(values.get("log-level") ?? "INFO"),
    logFormat: oneOf("log-format", values.get("log-format") ?? "text", LOG_FORMATS),
    logTag: logTag(values.get("log-tag") ?? LOG_TAG),
    syslog: facility(values.get("syslog")),
    logRequired: switches.has("log-required"),
  };
}

/** Whether a log's reader can tell where the name ends; as long as RFC 3164 allows. */
export function isLogTag(value: string): boolean {
  return /^[\w./-]{1,32}$/.test(value);
}

function logTag(value: string): string {
  if (isLogTag(value)) return value;
  throw new UsageError(
    `--log-tag is up to 32 letters, digits, "-", ".", "/" and "_", not "${value}"`,
  );
}

function facility(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = FACILITIES.get(value.toUpperCase());
  if (number !== undefined) return number;
  throw new UsageError(
    `unknown facility "${value}" (${[...FACILITIES.keys()].join(", ")})`,
  );
}
