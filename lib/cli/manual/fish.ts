import type { CommandSpec, OptionSpec } from "../options/args.ts";
import type { Summary } from "./page.ts";
import { type Completed, operandOf, valueOf } from "./values.ts";

export function fishCompletions(
  subcommands: readonly Summary[],
  tables: readonly CommandSpec[],
): string {
  const names = subcommands.map(({ name, summary }) =>
    `complete -c sftpwrap -n __sftpwrap_first -a ${name} -d ${quoted(summary)}`
  );
  return `# fish completion for sftpwrap, made by "sftpwrap completions fish"

function __sftpwrap_first
    test (count (commandline -opc)) -eq 1
end

function __sftpwrap_is
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test "$words[2]" = $argv[1]
end

complete -c sftpwrap -f
complete -c sftpwrap -n __sftpwrap_first -s h -l help -d 'show a short help'
complete -c sftpwrap -n __sftpwrap_first -s V -l version -d 'show the version'
${names.join("\n")}
${tables.flatMap(subcommandLines).join("\n")}
`;
}

function subcommandLines(spec: CommandSpec): string[] {
  const start = `complete -c sftpwrap -n '__sftpwrap_is ${spec.name}'`;
  const operand = operandOf(spec);
  return [
    ...operand === undefined ? [] : [`${start} ${completing(operand, false)}`],
    ...spec.options.flatMap((option) => optionLines(option).map((line) => `${start} ${line}`)),
  ];
}

function optionLines(option: OptionSpec): string[] {
  const { name, letter, value, otherwise, help } = option;
  const description = `-d ${quoted(help)}`;
  const short = letter === undefined ? "" : `-s ${letter} `;
  if (value === undefined) return [`${short}-l ${name} ${description}`];
  const completed = valueOf(option);
  const required = completed === undefined ? "-x" : completing(completed, true);
  if (otherwise === undefined) return [`${short}-l ${name} ${required} ${description}`];
  // The long form takes a value only after its sign.
  const optional = completed === undefined ? "" : `${completing(completed, false)} `;
  return [
    `-l ${name} ${optional}${description}`,
    ...letter === undefined ? [] : [`${short}${required} ${description}`],
  ];
}

function completing(value: Completed, isRequired: boolean): string {
  if (value.kind === "file") return isRequired ? "-r -F" : "-F";
  return `${isRequired ? "-x " : ""}-a ${quoted(candidates(value))}`;
}

function candidates(value: Completed): string {
  switch (value.kind) {
    case "file":
      return "(__fish_complete_path)";
    case "words":
      return value.words.join(" ");
    case "list":
      return `(__fish_append , ${value.words.join(" ")})`;
    case "directory":
      return "(__fish_complete_directories)";
    case "user":
      return "(__fish_complete_users)";
    case "host":
      return "(__fish_print_hostnames)";
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
