/**
 * How many sessions a user may have, and how fast: options of every subcommand that serves a
 * session.
 *
 * @module
 */

import type { AccessPolicy } from "../../policy/access.ts";
import type { ServeOptions } from "../../serve/serve.ts";
import type { SessionFacts } from "../../session/observer.ts";
import type { OptionSpec, ParsedArgs } from "./args.ts";
import { UsageError } from "../errors.ts";
import type { TokenValues } from "./tokens.ts";
import { byteCount } from "./values.ts";

/** What the options ask for. */
export interface SessionLimits {
  /** The most sessions of a user at once. */
  readonly maxSessions: number | undefined;
  /** The most sessions of a user from one address. */
  readonly maxSessionsPerAddress: number | undefined;
  /** Bytes for each second in each direction, for this session. */
  readonly rate: number | undefined;
  /** Bytes for each second in each direction, for all sessions of a user. */
  readonly sharedRate: number | undefined;
  /** Whether the session is listed even if nothing else needs that. */
  readonly who: boolean;
}

/** Whose session it is, and what it serves. */
export interface Attending {
  readonly who: TokenValues;
  readonly session: SessionFacts;
  /** `--state-dir`, with its tokens. */
  readonly stateDirectory: string | undefined;
  /** Whom the session is for, if several share the account. */
  readonly logUser: string | undefined;
  /** What is served, by its kind. */
  readonly serves: Readonly<Record<string, string>>;
  /** The jail, by its real path. */
  readonly jail?: string | undefined;
}

/** What `serve` is told for the limits of sessions. */
export interface Attendance extends Pick<ServeOptions, "mustEnd" | "anyOrder"> {
  /** To be applied before all others. */
  readonly policies: readonly AccessPolicy[];
}

const SPECS: readonly OptionSpec[] = [
  { name: "max-sessions", value: "N", help: "refuse a session if the user has N already" },
  {
    name: "max-sessions-per-address",
    value: "N",
    help: "the same for the user's sessions from one address",
  },
  {
    name: "rate",
    value: "BYTES",
    help: "move at most so much a second, each way: 500K, 2M/s",
  },
  { name: "shared-rate", value: "BYTES", help: "the same for all sessions of the user together" },
  { name: "who", help: "list the session in sftpwrap who, as other limits do" },
];

/** Where sessions of a user keep what they share. */
export const STATE_DIR_OPTION: OptionSpec = {
  name: "state-dir",
  value: "DIR",
  help: "where sessions keep what they share; not in the jail",
};

/** The options. */
export const sessionLimitSpecs: readonly OptionSpec[] = [...SPECS, STATE_DIR_OPTION].map(
  (spec) => ({ ...spec, group: "How many sessions, and how fast" }),
);

/**
 * Reads the options.
 *
 * @throws {UsageError} If a value cannot be understood.
 */
export function parseSessionLimits({ values, switches }: ParsedArgs): SessionLimits {
  return {
    maxSessions: count("max-sessions", values),
    maxSessionsPerAddress: count("max-sessions-per-address", values),
    rate: rate("rate", values),
    sharedRate: rate("shared-rate", values),
    who: switches.has("who"),
  };
}

/**
 * Reads {@linkcode STATE_DIR_OPTION}.
 *
 * @throws {UsageError} If the value is empty.
 */
export function stateDirectoryOf(values: ReadonlyMap<string, string>): string | undefined {
  const value = values.get(STATE_DIR_OPTION.name);
  if (value === "") throw new UsageError(`option --${STATE_DIR_OPTION.name} is empty`);
  return value;
}

/** Whether a session has a slot: a file by which other sessions, and people, find it. */
export function needsSlot(limits: SessionLimits): boolean {
  const { maxSessions, maxSessionsPerAddress, sharedRate, who } = limits;
  return who || [maxSessions, maxSessionsPerAddress, sharedRate].some((one) => one !== undefined);
}

function count(name: string, values: ReadonlyMap<string, string>): number | undefined {
  const value = values.get(name);
  if (value === undefined) return undefined;
  const number = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  if (number > 0) return number;
  throw new UsageError(`--${name} "${value}" is not a number of sessions, 1 or more`);
}

function rate(name: string, values: ReadonlyMap<string, string>): number | undefined {
  const value = values.get(name);
  if (value === undefined) return undefined;
  const bytes = byteCount(value.replace(/\/s$/, ""));
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new UsageError(`--${name} "${value}" is not a number of bytes a second (500K, 2M, 2M/s)`);
}
