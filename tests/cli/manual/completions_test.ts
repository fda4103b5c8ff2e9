/** The completions, asked of the real shells. */

import { assertEquals } from "@std/assert";
import { FACILITIES } from "../../../lib/audit/syslog.ts";
import { SUBCOMMANDS } from "../../../lib/cli/main.ts";
import { completionsFor } from "../../../lib/cli/manual/completions.ts";
import { TABLES } from "../../../lib/cli/manual/tables.ts";
import type { CommandSpec } from "../../../lib/cli/options/args.ts";
import { LogLevel } from "../../../lib/session/log.ts";
import { withTempDir } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { runOk } from "../../support/run.ts";

/** A subcommand with kinds of values that the others may not have. */
const MADE: CommandSpec = {
  name: "made",
  forms: ["KEYFILE|-"],
  about: "Made for this test.",
  options: [
    { name: "user", letter: "U", value: "USER", help: "it's [a] user: one of these" },
    { name: "place", value: "DIR", help: "a directory" },
    { name: "free", value: "TIME", help: "any time" },
  ],
};

const ALL = [
  [...SUBCOMMANDS.map(({ name, summary }) => ({ name, summary })), {
    name: "made",
    summary: "it's made",
  }],
  [...TABLES, MADE],
] as const;

/** Words up to the one that is completed, and what completes it; HERE is a directory. */
const CASES: readonly (readonly [words: readonly string[], found: readonly string[]])[] = [
  [["j"], ["jail"]],
  [["ma"], ["made", "man"]],
  [["jail", "--no-"], ["--no-delete", "--no-overwrite"]],
  [["proxy", "--know"], ["--known-hosts"]],
  [["jail", "--log-level", ""], Object.keys(LogLevel)],
  [["jail", "--log-level=VER"], ["VERBOSE"]],
  [["proxy", "--syslog=AUTH"], ["AUTH", "AUTHPRIV"]],
  [["jail", "-f", ""], [...FACILITIES.keys()]],
  [["jail", "--confine", ""], ["auto", "kernel", "portable"]],
  [["jail", "-R", "--log-format", "j"], ["json"]],
  [["proxy", "--transport=o"], ["openssh"]],
  [["jail", "-P", "posix"], ["posix-rename"]],
  [["jail", "-P", "open,posix"], ["posix-rename"]],
  [["gridfs", "--allow-requests=open,hard"], ["hardlink"]],
  [["authorize", "--confine", "k"], ["kernel"]],
  [["jail", "-l", "HERE/lo"], ["log file"]],
  [["jail", "--logfile=HERE/lo"], ["log file"]],
  [["jail", "HERE/"], ["folder"]],
  [["jail", "-R", "HERE/"], ["folder"]],
  [["authorize", "--jail", "HERE/"], ["folder"]],
  [["made", "HERE/lo"], ["log file"]],
  [["made", "--place=HERE/"], ["folder"]],
  [["made", "--user", "roo"], ["root"]],
  [["made", "-U", "roo"], ["root"]],
  [["made", "--free", ""], []],
  [["completions", ""], ["bash", "fish", "zsh"]],
  [["man", "j"], ["jail"]],
  [["help", "exit"], ["exit-status"]],
];

interface Shell {
  readonly name: "bash" | "zsh" | "fish";
  readonly script: string;
  /** Prints each completion of the words on a line of its own. */
  readonly ask: (file: string, words: readonly string[]) => Promise<string>;
}

/** bash splits words at `=`, and calls the function with all of them. */
const BASH = `source "$1"; shift
compopt() { :; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_sftpwrap
((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"
`;

/** Types the words and a tab in a terminal; a \`compadd\` of our own prints what would be added. */
const ZSH = `zmodload zsh/zpty
zpty shell zsh -f -i
setup=$(mktemp)
print -r -- '
PROMPT=
autoload -Uz compinit; compinit -u -D
source "$SFTPWRAP_COMPLETIONS"
bindkey "^I" complete-word
finished() { print "<end>"; exit }
comppostfuncs=(finished)
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a found
  builtin compadd -A found "$@"
  local each; for each in $found; print -r -- "<hit>$each"
  builtin compadd "$@"
}
' > $setup
zpty -w shell "source $setup; print ready-''now"
zpty -m -r shell line '*ready-now*'
zpty -n -w shell "$1"$'\\t'
while zpty -r shell line; do print -rn -- "$line"; [[ $line != *'<end>'* ]] || break; done
zpty -d shell
rm -f $setup
`;

const SHELLS: readonly Shell[] = [
  {
    name: "bash",
    script: completionsFor("bash", ...ALL),
    ask: async (file, words) => {
      const split = words.flatMap((word) =>
        word.includes("=") ? [word.replace(/=.*/, ""), "=", word.replace(/.*=/, "")] : [word]
      ).filter((word, index, all) => word !== "" || all[index - 1] !== "=");
      return await runOk("bash", ["--norc", "-c", BASH, "bash", file, "sftpwrap", ...split]);
    },
  },
  {
    name: "zsh",
    script: completionsFor("zsh", ...ALL),
    ask: async (file, words) => {
      const line = ["sftpwrap", ...words].join(" ");
      const shown = await runOk("zsh", ["-f", "-c", ZSH, "zsh", line], {
        env: { SFTPWRAP_COMPLETIONS: file, TERM: "dumb" },
      });
      return [...shown.matchAll(/<hit>([^\r\n]*)/g)].map(([, hit = ""]) => hit).join("\n");
    },
  },
  {
    name: "fish",
    script: completionsFor("fish", ...ALL),
    ask: async (file, words) => {
      const line = ["sftpwrap", ...words].join(" ");
      const code = "source $argv[1]; complete -C $argv[2]";
      const shown = await runOk("fish", ["--no-config", "-c", code, file, line]);
      // A description follows after a tab.
      return shown.replaceAll(/\t.*/g, "");
    },
  },
];

for (const { name, script, ask } of SHELLS) {
  Deno.test({
    name: `${name} completes subcommands, options and their values`,
    ...needs(name),
    async fn(t) {
      await withTempDir(async (directory) => {
        const here = `${directory}/here`;
        await Deno.mkdir(`${here}/folder`, { recursive: true });
        await Deno.writeTextFile(`${here}/log file`, "");
        const file = `${directory}/completions`;
        await Deno.writeTextFile(file, script);
        for (const [words, found] of CASES) {
          const typed = words.map((word) => word.replace("HERE", here));
          const shown = await ask(file, typed);
          await t.step(words.join(" "), () => {
            const last = shown.split("\n").filter((line) => line !== "")
              // Some shells quote, repeat what stands before, or end a folder in a slash.
              .map((line) => line.replaceAll("\\ ", " ").replace(/\/$/, "").replace(/.*[=,/]/, ""));
            assertEquals([...new Set(last)].sort(), [...found].sort(), shown);
          });
        }
      });
    },
  });
}
