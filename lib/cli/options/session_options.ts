/**
 * The time limits that every subcommand with a session takes, whatever it serves.
 *
 * @module
 */

import type { TimeoutOptions } from "../../transport/timeouts.ts";
import type { OptionSpec } from "./args.ts";
import { UsageError } from "../errors.ts";

/** The options. */
export const sessionSpecs: readonly OptionSpec[] = [
  {
    name: "idle-timeout",
    value: "TIME",
    help: "end a session without requests: 90, 90s, 15m or 2h",
  },
  { name: "max-session", value: "TIME", help: "end every session after this time" },
];

/**
 * How long a session may last, and how long it may be idle.
 *
 * @throws {UsageError} If a value is not a time.
 */
export function sessionTimes(values: ReadonlyMap<string, string>): TimeoutOptions {
  return {
    idleTimeout: milliseconds("idle-timeout", values),
    maxSession: milliseconds("max-session", values),
  };
}

const MILLISECONDS = new Map([["", 1000], ["s", 1000], ["m", 60_000], ["h", 3_600_000]]);

function milliseconds(name: string, values: ReadonlyMap<string, string>): number | undefined {
  const value = values.get(name);
  if (value === undefined) return undefined;
  const [, digits = "", unit = ""] = /^(\d{1,6})([smh]?)$/.exec(value) ?? [];
  const time = Number(digits) * (MILLISECONDS.get(unit) ?? 0);
  if (time === 0) {
    throw new UsageError(`--${name} "${value}" is not a time such as 90, 90s, 15m or 2h`);
  }
  return time;
}
