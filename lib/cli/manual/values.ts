/**
 * What the values of options and the operands of a command line are, for every shell.
 *
 * @module
 */

import { type CommandSpec, kindOf, type OptionSpec, type ValueKind } from "../options/args.ts";

/** What a shell completes: one of some words, several of them, or a kind of thing. */
export type Completed =
  | { readonly kind: "words" | "list"; readonly words: readonly string[] }
  | Place;

/** A kind of thing of this machine. */
interface Place {
  readonly kind: Exclude<ValueKind, "list" | "path">;
}

/** What completes the value of an option; undefined if nothing is known of it. */
export function valueOf({ value = "", choices }: OptionSpec): Completed | undefined {
  const kind = kindOf(value);
  if (choices !== undefined) return { kind: kind === "list" ? "list" : "words", words: choices };
  return kind === undefined || kind === "list" || kind === "path" ? undefined : { kind };
}

/** What completes an operand; its name ends the first form of the command line. */
export function operandOf({ forms, choices }: CommandSpec): Completed | undefined {
  if (choices !== undefined) return { kind: "words", words: choices };
  const [, value] = /(FILE|DIR|USER|HOST)(?:\|-)?$/.exec(forms[0] ?? "") ?? [];
  return value === undefined ? undefined : valueOf({ name: "", help: "", value });
}

/** The forms of an option as words: `-l`, `--logfile`. */
export function wordsOf({ name, letter }: OptionSpec): readonly string[] {
  return letter === undefined ? [`--${name}`] : [`-${letter}`, `--${name}`];
}
