/**
 * Commands that are run when something happens: options of every subcommand that serves a session.
 *
 * @module
 */

import { HOOK_EVENTS, type HookCommand, type HookPlan } from "../../hooks/events.ts";
import { UsageError } from "../errors.ts";
import type { OptionSpec, ParsedArgs } from "./args.ts";
import { commandWords } from "./command_words.ts";
import { milliseconds, oneOf } from "./values.ts";

const DEFAULT_TIMEOUT_MS = 30_000;

const ON_FAILURE = ["refuse", "accept"] as const satisfies readonly HookPlan["onFailure"][];

const SPECS: readonly OptionSpec[] = [
  {
    name: "on",
    value: "EVENT=COMMAND",
    repeats: true,
    help: "run COMMAND when EVENT happens; may be repeated",
  },
  { name: "on-timeout", value: "TIME", help: "kill a COMMAND after this time (30s)" },
  {
    name: "on-failure",
    value: "WHAT",
    choices: ON_FAILURE,
    help: "refuse (default) or accept what none could decide",
  },
  { name: "quarantine", value: "DIR", help: "keep uploads that are refused in DIR" },
];

/** The options. */
export const hookSpecs: readonly OptionSpec[] = SPECS.map((spec) => ({ ...spec, group: "Hooks" }));

/** What the options ask for. */
export interface HookOptions extends HookPlan {
  /** The directory that takes uploads that are refused, with its tokens. */
  readonly quarantine: string | undefined;
}

/**
 * Reads the options; undefined if no command is given.
 *
 * @throws {UsageError} If a value cannot be understood.
 */
export function parseHookOptions({ values, lists }: ParsedArgs): HookOptions | undefined {
  const commands = (lists.get("on") ?? []).map(commandOf);
  if (commands.length === 0) {
    const alone = ["on-timeout", "on-failure", "quarantine"].find((name) => values.has(name));
    if (alone !== undefined) throw new UsageError(`--${alone} needs a COMMAND: --on EVENT=COMMAND`);
    return undefined;
  }
  const quarantine = values.get("quarantine");
  if (quarantine !== undefined && !commands.some(({ event }) => event === "upload")) {
    throw new UsageError("--quarantine needs --on upload=COMMAND, which refuses uploads");
  }
  return {
    commands,
    quarantine,
    timeout: milliseconds("on-timeout", values) ?? DEFAULT_TIMEOUT_MS,
    onFailure: oneOf("on-failure", values.get("on-failure") ?? "refuse", ON_FAILURE),
  };
}

function commandOf(value: string): HookCommand {
  const equals = value.indexOf("=");
  const event = HOOK_EVENTS.find((event) => event === value.slice(0, Math.max(0, equals)));
  if (event === undefined) {
    throw new UsageError(`--on "${value}" is not EVENT=COMMAND (${HOOK_EVENTS.join(", ")})`);
  }
  const words = commandWords(value.slice(equals + 1));
  if (words === undefined) throw new UsageError(`--on ${event}: a quote is not closed`);
  if (words[0]?.startsWith("/") !== true) {
    throw new UsageError(`--on ${event}: the program "${words[0] ?? ""}" is not an absolute path`);
  }
  return { event, words };
}
