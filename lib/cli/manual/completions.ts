import { bashCompletions } from "./bash.ts";
import { fishCompletions } from "./fish.ts";
import type { SHELLS } from "./options.ts";
import type { Summary } from "./page.ts";
import { TABLES } from "./tables.ts";
import { zshCompletions } from "./zsh.ts";

const MAKERS = { bash: bashCompletions, zsh: zshCompletions, fish: fishCompletions } as const;

/** The completions for a shell, as a script. */
export function completionsFor(
  shell: typeof SHELLS[number],
  subcommands: readonly Summary[],
  tables = TABLES,
): string {
  return MAKERS[shell](subcommands, tables);
}
