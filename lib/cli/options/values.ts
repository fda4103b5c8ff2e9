/**
 * Parses values of options that several subcommands take.
 *
 * @module
 */

import { LogLevel } from "../../session/log.ts";
import { isRequestName, requestNames } from "../../session/request_names.ts";
import { UsageError } from "../errors.ts";

/** The value of an option that has few choices, if it is one of them. */
export function oneOf<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const names = choices.join(", ").replace(/, (?=[^,]*$)/, " or ");
  throw new UsageError(`--${option} is ${names}, not "${value}"`);
}

/** The text that `-Q requests` prints. */
export function queried(what: string): string {
  if (what !== "requests") throw new UsageError(`cannot query "${what}" (only "requests")`);
  return requestNames.join("\n") + "\n";
}

/** OpenSSH's `-l` is the level; a log file with such a name would be a surprise. */
export function logFile(value: string | undefined): string | undefined {
  if (value !== undefined && /^(QUIET|FATAL|ERROR|INFO|VERBOSE|DEBUG[123]?)$/i.test(value)) {
    throw new UsageError(`-l takes a file here: for the level use --log-level ${value}`);
  }
  return value;
}

/** The value of `LogLevel` for OpenSSH's name of it. */
export function logLevel(value: string): number {
  const name = value.toUpperCase().replace(/^DEBUG[123]$/, "DEBUG");
  const level = new Map(Object.entries(LogLevel)).get(name);
  if (level === undefined) throw new UsageError(`unknown log level "${value}"`);
  return level;
}

/** A umask, which is octal. */
export function umask(value: string | undefined): number | undefined {
  return octal("umask", value, 0o777);
}

/** Permission bits, which are octal. */
export function mode(option: string, value: string | undefined): number | undefined {
  return octal(`--${option}`, value, 0o7777);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** A number of bytes, such as 10, 10K, 10M or 10G; undefined if the value is none. */
export function byteCount(value: string): number | undefined {
  const [, digits, unit] = /^(\d{1,15})([KMG]?)$/i.exec(value) ?? [];
  const bytes = Number(digits) * (UNITS[unit?.toUpperCase() ?? ""] ?? NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

function octal(what: string, value: string | undefined, most: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^[0-7]{1,5}$/.test(value) ? parseInt(value, 8) : Infinity;
  if (number <= most) return number;
  throw new UsageError(`${what} "${value}" is not an octal number up to ${most.toString(8)}`);
}

/** Names of requests, separated by commas. */
export function requestList(value: string | undefined): readonly string[] | undefined {
  const names = value?.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const unknown = names?.find((name) => !isRequestName(name));
  if (unknown !== undefined) {
    throw new UsageError(`unknown request "${unknown}" (sftpwrap jail -Q requests lists them)`);
  }
  return names;
}

const MILLISECONDS = new Map([["", 1000], ["s", 1000], ["m", 60_000], ["h", 3_600_000]]);

/**
 * A time in milliseconds: `90`, `90s`, `15m`, `2h`.
 *
 * @throws {UsageError} If the value is not a time.
 */
export function milliseconds(
  name: string,
  values: ReadonlyMap<string, string>,
): number | undefined {
  const value = values.get(name);
  if (value === undefined) return undefined;
  const [, digits = "", unit = ""] = /^(\d{1,6})([smh]?)$/.exec(value) ?? [];
  const time = Number(digits) * (MILLISECONDS.get(unit) ?? 0);
  if (time === 0) {
    throw new UsageError(`--${name} "${value}" is not a time such as 90, 90s, 15m or 2h`);
  }
  return time;
}
