import { type CommandSpec, HELP_OPTION } from "../options/args.ts";
import { TOPICS } from "./topics.ts";

/** The shells that there are completions for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** The command line of `sftpwrap man`. */
export const manSpec: CommandSpec = {
  name: "man",
  forms: ["[SUBCOMMAND]"],
  about: `
Prints a page of the manual in mdoc, the language of man(7) on BSD and Linux:

  sftpwrap man > /usr/local/share/man/man1/sftpwrap.1
  sftpwrap man jail > /usr/local/share/man/man1/sftpwrap-jail.1
  sftpwrap man jail | man -l -
`,
  options: [HELP_OPTION],
};

/** The command line of `sftpwrap completions`. */
export const completionsSpec: CommandSpec = {
  name: "completions",
  forms: [SHELLS.join("|")],
  choices: SHELLS,
  about: `
Prints the completions for a shell. They belong into one of these files:

  sftpwrap completions bash > /usr/share/bash-completion/completions/sftpwrap
  sftpwrap completions zsh > /usr/local/share/zsh/site-functions/_sftpwrap
  sftpwrap completions fish > ~/.config/fish/completions/sftpwrap.fish
`,
  options: [HELP_OPTION],
};

/** The command line of `sftpwrap help`. */
export const helpSpec: CommandSpec = {
  name: "help",
  forms: ["[TOPIC]"],
  about: `
Prints the help of a subcommand, or the text of a topic of the manual:
${[...TOPICS.keys()].join(", ")}.
`,
  options: [HELP_OPTION],
};
