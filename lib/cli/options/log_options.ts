import { LOG_TAG } from "../../audit/line_log.ts";
import { escapeControls, escapeWord } from "../../audit/log_text.ts";
import { FACILITIES } from "../../audit/syslog.ts";
import { LogLevel } from "../../session/log.ts";
import { HASH_NAMES, type HashName } from "../../session/check_file.ts";
import type { UploadFacts } from "../../session/rows/upload.ts";
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
  /** The program's name in lines of text and in syslog; in text with the name of `--log-user`. */
  readonly logTag: string;
  /** Whom the session is for, where several share an account. */
  readonly logUser: string | undefined;
  /** The hash of each upload that the log tells. */
  readonly logHash: HashName | undefined;
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
  {
    name: "log-user",
    value: "NAME",
    help: "whose session it is, in every line, if several share the account",
  },
  {
    name: "log-hash",
    value: "HASH",
    choices: HASH_NAMES,
    help: "log each upload's md5, sha1, sha256 or sha512 when it is closed",
  },
];

/** @throws {UsageError} If a value is not valid. */
export function parseLogOptions({ values, switches }: ParsedArgs): LogOptions {
  const format = oneOf("log-format", values.get("log-format") ?? "text", LOG_FORMATS);
  const tag = logTag(values.get("log-tag") ?? LOG_TAG);
  const user = logUser(values.get("log-user"));
  return {
    logFile: logFile(values.get("logfile")),
    logToStderr: switches.has("log-to-stderr"),
    logLevel: logLevel(values.get("log-level") ?? "INFO"),
    logFormat: format,
    logTag: format === "json" ? tag : tagWithUser(tag, user),
    logUser: user,
    logHash: logHash(values.get("log-hash")),
    syslog: facility(values.get("syslog")),
    logRequired: switches.has("log-required"),
  };
}

/** Whether a log's reader can tell where the name ends; as long as RFC 3164 allows. */
export function isLogTag(value: string): boolean {
  return /^[\w./-]{1,32}$/.test(value);
}

/** How lines of text name the program and whom the session is for. */
export function tagWithUser(tag: string, user: string | undefined): string {
  return user === undefined ? tag : `${tag}(${escapeWord(user)})`;
}

/** What a log tells of uploads: with the lines of OpenSSH's server, nothing unless it is wanted. */
export function uploadsOf(
  { logFormat, logHash: hash }: Pick<LogOptions, "logFormat" | "logHash">,
): UploadFacts | undefined {
  return logFormat === "text" && hash === undefined ? undefined : { hash };
}

function logHash(value: string | undefined): HashName | undefined {
  return value === undefined ? undefined : oneOf("log-hash", value, HASH_NAMES);
}

function logTag(value: string): string {
  if (isLogTag(value)) return value;
  throw new UsageError(
    `--log-tag is up to 32 letters, digits, "-", ".", "/" and "_", not "${value}"`,
  );
}

/** The most characters of a name: more than most comments of keys have. */
export const MAX_LOG_USER_LENGTH = 128;

/** Whether a name looks the same in a terminal as in the log. */
export function isLogUser(value: string): boolean {
  const isShown = value.trim() !== "" && escapeControls(value) === value;
  return isShown && [...value].length <= MAX_LOG_USER_LENGTH;
}

function logUser(value: string | undefined): string | undefined {
  if (value === undefined || isLogUser(value)) return value;
  throw new UsageError(
    `--log-user is up to ${MAX_LOG_USER_LENGTH} characters without control characters, ` +
      `not "${value}"`,
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
