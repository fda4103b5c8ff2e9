import { print } from "../../transport/stdio.ts";
import { UsageError } from "../errors.ts";
import { type CommandSpec, helpOf, parseOptions, usageOf } from "../options/args.ts";
import { exitStatusOf } from "../exit_status.ts";
import { completionsFor } from "./completions.ts";
import { completionsSpec, helpSpec, manSpec, SHELLS } from "./options.ts";
import { mainPage, subcommandPage, type Summary } from "./page.ts";
import { TABLES } from "./tables.ts";
import { plainText, TOPICS } from "./topics.ts";

/** What the manual knows of the program. */
export interface Program {
  readonly subcommands: readonly Summary[];
  readonly version: () => Promise<string>;
  readonly date: () => Date;
}

/** Runs `sftpwrap man`, and returns its exit status. */
export async function manCommand(args: readonly string[], program: Program): Promise<number> {
  return await printing(args, manSpec, (name) => manualPage(name, program));
}

/** Runs `sftpwrap completions`, and returns its exit status. */
export async function completionsCommand(
  args: readonly string[],
  { subcommands }: Pick<Program, "subcommands">,
): Promise<number> {
  return await printing(args, completionsSpec, (shell) => {
    const known = SHELLS.find((name) => name === shell);
    if (known !== undefined) return completionsFor(known, subcommands);
    const names = SHELLS.join(", ");
    throw new UsageError(
      shell === undefined ? `SHELL is missing (${names})` : `unknown shell "${shell}" (${names})`,
    );
  });
}

/** Runs `sftpwrap help TOPIC`, and returns its exit status. */
export async function helpCommand(args: readonly string[]): Promise<number> {
  return await printing(args, helpSpec, (topic = "help") => {
    const section = TOPICS.get(topic);
    if (section !== undefined) return plainText(section);
    const spec = TABLES.find(({ name }) => name === topic);
    if (spec !== undefined) return helpOf(spec);
    throw new UsageError(
      `unknown topic "${topic}" (a subcommand, or ${[...TOPICS.keys()].join(", ")})`,
    );
  });
}

/** A page of the manual as mdoc: that of a subcommand, or sftpwrap(1). */
export async function manualPage(
  name: string | undefined,
  { subcommands, version, date }: Program,
): Promise<string> {
  const edition = { version: await version(), date: date() };
  if (name === undefined) return mainPage(subcommands, edition);
  const spec = TABLES.find((table) => table.name === name);
  const known = subcommands.find((subcommand) => subcommand.name === name);
  if (spec === undefined || known === undefined) {
    throw new UsageError(`no manual page for "${name}"`);
  }
  return subcommandPage(spec, known.summary, edition);
}

/** Prints what `text` makes of the operand, or the help. */
async function printing(
  args: readonly string[],
  spec: CommandSpec,
  text: (operand: string | undefined) => string | Promise<string>,
): Promise<number> {
  return await exitStatusOf({ usage: usageOf(spec) }, async () => {
    const { switches, operands: [operand, second] } = parseOptions(args, spec.options);
    if (second !== undefined) throw new UsageError(`unexpected operand "${second}"`);
    print(switches.has("help") ? helpOf(spec) : await text(operand));
    return 0;
  });
}
