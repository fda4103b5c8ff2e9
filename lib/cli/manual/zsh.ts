import type { CommandSpec, OptionSpec } from "../options/args.ts";
import type { Summary } from "./page.ts";
import { type Completed, operandOf, valueOf, wordsOf } from "./values.ts";

export function zshCompletions(
  subcommands: readonly Summary[],
  tables: readonly CommandSpec[],
): string {
  const described = subcommands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  return `#compdef sftpwrap
# zsh completion for sftpwrap, made by "sftpwrap completions zsh"

_sftpwrap() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a subcommands=(
${described.join("\n")}
  )
  _arguments -C \\
    '(- *)'{-h,--help}'[show a short help]' \\
    '(- *)'{-V,--version}'[show the version]' \\
    '1:subcommand:->subcommand' \\
    '*::argument:->argument'
  case $state in
    subcommand) _describe subcommand subcommands ;;
    argument)
      case $words[1] in
${tables.map(subcommandCase).join("\n")}
      esac ;;
  esac
}

if [[ $funcstack[1] == _sftpwrap ]]; then
  _sftpwrap "$@"
else
  compdef _sftpwrap sftpwrap
fi
`;
}

function subcommandCase(spec: CommandSpec): string {
  const operand = operandOf(spec);
  const words = [
    ...spec.options.flatMap(optionWords),
    quoted(`*:operand:${operand === undefined ? " " : action(operand)}`),
  ];
  return `        ${spec.name})
          _arguments -s -S \\
${words.map((word) => `            ${word}`).join(" \\\n")} ;;`;
}

function optionWords(option: OptionSpec): string[] {
  const { value, otherwise, repeats, help } = option;
  const forms = wordsOf(option);
  // An option that is not repeated excludes its other form.
  const before = repeats ? "*" : `(${forms.join(" ")})`;
  const completed = valueOf(option);
  const after = value === undefined
    ? ""
    : `:${value}:${completed === undefined ? " " : action(completed)}`;
  return forms.map((form) => {
    const sign = value === undefined
      ? ""
      : !form.startsWith("--")
      ? "+"
      : otherwise === undefined
      ? "="
      : "=-";
    // An optional value begins with two colons.
    const optional = sign === "=-" ? `:${after}` : after;
    return quoted(`${before}${form}${sign}[${help.replace(/[[\]:\\]/g, "\\$&")}]${optional}`);
  });
}

function action(value: Completed): string {
  switch (value.kind) {
    case "words":
      return `(${value.words.join(" ")})`;
    case "list":
      return `_sequence compadd - ${value.words.join(" ")}`;
    case "file":
      return "_files";
    case "directory":
      return "_files -/";
    case "user":
      return "_users";
    case "host":
      return "_hosts";
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
