import { type CommandSpec, HELP_OPTION, type OptionSpec } from "../options/args.ts";
import { jailSpec } from "../jail/options.ts";

/** Options of the jail that do not make sense in a line of authorized_keys. */
const NOT_IN_A_LINE: readonly string[] = ["help", "query", "check", "command"];

const own: readonly OptionSpec[] = [
  { name: "jail", value: "DIR", help: "the directory that the key's owner sees as /" },
  { name: "binary", value: "FILE", help: "the program to run (default: this one)" },
  { name: "install", value: "FILE", help: "put the line into FILE instead of printing it" },
];

/** The command line of `sftpwrap authorize`. */
export const authorizeSpec: CommandSpec = {
  name: "authorize",
  forms: ["--jail DIR [options] KEYFILE|-"],
  about: `
Prints the authorized_keys line that lets the owner of a public key use the
jail DIR and nothing else. Options of sftpwrap jail go into the line.
`,
  options: [
    ...own,
    ...jailSpec.options.filter(({ name }) => !NOT_IN_A_LINE.includes(name)),
    HELP_OPTION,
  ],
};
