/**
 * Options that every subcommand that serves a session has in common, whatever it serves.
 *
 * @module
 */

import type { AccessPolicy } from "../../policy/access.ts";
import { requestPolicy } from "../../policy/requests.ts";
import type { ServeOptions } from "../../serve/serve.ts";
import type { TimeoutOptions } from "../../transport/timeouts.ts";
import {
  type CommandSpec,
  HELP_OPTION,
  helpOf,
  type OptionSpec,
  type ParsedArgs,
  parseOptions,
} from "./args.ts";
import { armBackstop } from "../start/backstop.ts";
import { type HookOptions, hookSpecs, parseHookOptions } from "./hook_options.ts";
import { type LogOptions, logSpecs, parseLogOptions, uploadsOf } from "./log_options.ts";
import { type Limits, policiesFor } from "./policies.ts";
import { parseLimits, policySpecs } from "./policy_options.ts";
import { UsageError } from "../errors.ts";
import {
  type Attendance,
  parseSessionLimits,
  type SessionLimits,
  sessionLimitSpecs,
  stateDirectoryOf,
} from "./session_limits.ts";
import { parseUploads, type UploadOptions, uploadSpecs } from "./upload_options.ts";
import { milliseconds, queried, requestList, umask } from "./values.ts";

/** How a session is served. */
export interface ServingOptions extends LogOptions, TimeoutOptions {
  readonly startDirectory: string | undefined;
  readonly umask: number | undefined;
  readonly readOnly: boolean;
  readonly deny: readonly string[] | undefined;
  readonly allow: readonly string[] | undefined;
  readonly limits: Limits;
  readonly sessions: SessionLimits;
  /** Where sessions of a user keep what they share, with its tokens. */
  readonly stateDirectory: string | undefined;
  readonly uploads: UploadOptions;
  /** Commands that are run when something happens. */
  readonly hooks: HookOptions | undefined;
}

/** How long a session may be. */
const timeSpecs: readonly OptionSpec[] = [
  {
    name: "idle-timeout",
    value: "TIME",
    help: "end a session without requests: 90, 90s, 15m or 2h",
  },
  { name: "max-session", value: "TIME", help: "end every session after this time" },
];

/**
 * The options of a subcommand that serves a session: its own between those of all sessions.
 *
 * @param letters The letters that options of all sessions have besides `-l`, by option name.
 */
export function sessionSpecs(
  own: readonly OptionSpec[],
  letters: Readonly<Record<string, string>> = {},
): readonly OptionSpec[] {
  const withLetter = (spec: OptionSpec) => {
    const letter = letters[spec.name];
    return letter === undefined ? spec : { ...spec, letter };
  };
  return [
    ...logSpecs.map(withLetter),
    ...[
      { name: "umask", value: "OCTAL", help: "umask for new files and directories" },
      { name: "start-directory", value: "DIR", help: "start in DIR, as the client sees it" },
      ...timeSpecs,
      {
        name: "query",
        value: "requests",
        choices: ["requests"],
        help: "list the names of all requests",
      },
    ].map(withLetter),
    ...own,
    HELP_OPTION,
    ...policySpecs.map(withLetter),
    ...sessionLimitSpecs,
    ...uploadSpecs,
    ...hookSpecs,
  ];
}

/**
 * Parses the command line of a subcommand that serves a session.
 *
 * @param own Reads what only this subcommand has; what it returns goes before the options of all.
 * @returns The options, or what to print instead of serving.
 * @throws {UsageError} If the command line cannot be understood.
 */
export function parseSession<Own extends object>(
  args: readonly string[],
  spec: CommandSpec,
  own: (parsed: ParsedArgs) => Own,
): (ServingOptions & Own) | { readonly print: string } {
  const parsed = parseOptions(args, spec.options);
  if (parsed.switches.has("help")) return { print: helpOf(spec) };
  const query = parsed.values.get("query");
  if (query !== undefined) return { print: queried(query) };
  const given = own(parsed);
  return { ...parseServingOptions(parsed), ...given };
}

function parseServingOptions(parsed: ParsedArgs): ServingOptions {
  const { values, switches } = parsed;
  const hooks = parseHookOptions(parsed);
  return {
    startDirectory: values.get("start-directory"),
    ...parseLogOptions(parsed),
    umask: umask(values.get("umask")),
    readOnly: switches.has("read-only"),
    deny: requestList(values.get("deny-requests")),
    allow: requestList(values.get("allow-requests")),
    ...sessionTimes(values),
    limits: parseLimits(parsed),
    sessions: parseSessionLimits(parsed),
    stateDirectory: stateDirectoryOf(values),
    uploads: parseUploads(parsed, hooks),
    hooks,
  };
}

/**
 * The part of the options that `serve` takes, with what the session's place adds. Also arms the backstop: from now on the system ends
 * this process if it hangs.
 */
export function servingOf(
  { readOnly, deny, allow, limits, idleTimeout, maxSession, ...log }: ServingOptions,
  { policies: first, ...attendance }: Attendance,
):
  & Pick<ServeOptions, "uploads" | "mustEnd" | "anyOrder">
  & Required<Pick<ServeOptions, "policies" | "idleTimeout" | "maxSession" | "heartbeat">> {
  const policies: readonly AccessPolicy[] = [
    ...first,
    ...policiesFor(limits),
    requestPolicy({ readOnly, deny, allow }),
  ];
  const heartbeat = armBackstop({ maxSession });
  return { policies, idleTimeout, maxSession, heartbeat, uploads: uploadsOf(log), ...attendance };
}

/**
 * How long a session may be.
 *
 * @throws {UsageError} If a value is not a time.
 */
export function sessionTimes(values: ReadonlyMap<string, string>): TimeoutOptions {
  return {
    idleTimeout: milliseconds("idle-timeout", values),
    maxSession: milliseconds("max-session", values),
  };
}

/**
 * What a parser returned, for a command line that must start a session.
 *
 * @throws {UsageError} If it asks for help or for a list instead.
 */
export function sessionIn<Options extends object>(
  parsed: Options | { readonly print: string },
): Options {
  if ("print" in parsed) throw new UsageError("this line prints a text and starts no session");
  return parsed;
}
