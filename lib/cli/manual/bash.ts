import type { CommandSpec, OptionSpec } from "../options/args.ts";
import type { Summary } from "./page.ts";
import { type Completed, operandOf, valueOf, wordsOf } from "./values.ts";

/** The completions for bash; they need nothing of bash-completion. */
export function bashCompletions(
  subcommands: readonly Summary[],
  tables: readonly CommandSpec[],
): string {
  return `# bash completion for sftpwrap, made by "sftpwrap completions bash"

# Completes $cur: one of some words, several of them with commas, or a kind of thing.
_sftpwrap_complete() {
  local IFS=$'\\n'
  case $1 in
    words) COMPREPLY=($(IFS=' ' compgen -W "$2" -- "$cur")) ;;
    list)
      local before=
      [[ $cur != *,* ]] || before=\${cur%,*},
      compopt -o nospace
      COMPREPLY=($(IFS=' ' compgen -P "$before" -W "$2" -- "\${cur##*,}")) ;;
    file) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")) ;;
    directory) compopt -o filenames; COMPREPLY=($(compgen -d -- "$cur")) ;;
    user) COMPREPLY=($(compgen -u -- "$cur")) ;;
    host) COMPREPLY=($(compgen -A hostname -- "$cur")) ;;
  esac
}

_sftpwrap() {
  local cur=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD-1]} subcommand=\${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _sftpwrap_complete words "${
    [...subcommands.map(({ name }) => name), "--help", "--version"].join(" ")
  }"
    return
  fi
  # The words of "--name=value" are three, because bash splits them at the sign.
  local attached=
  if [[ $cur == = ]]; then cur= attached=1
  elif [[ $option == = ]]; then option=\${COMP_WORDS[COMP_CWORD-2]} attached=1; fi
  case $subcommand in
${tables.map(subcommandCase).join("\n")}
  esac
}
complete -F _sftpwrap sftpwrap
`;
}

function subcommandCase(spec: CommandSpec): string {
  const options = spec.options.flatMap((option) => wordsOf(option)).join(" ");
  const operand = operandOf(spec);
  return `    ${spec.name})
      case $option in
${spec.options.flatMap(valueCases).join("\n")}
      esac
      if [[ $cur == -* ]]; then _sftpwrap_complete words "${options}"
      ${operand === undefined ? "" : `else ${completing(operand)}`}
      fi ;;`;
}

/** A value in a word of its own, or after `=`; nothing else completes where a value is expected. */
function valueCases(option: OptionSpec): string[] {
  if (option.value === undefined) return [];
  const value = valueOf(option);
  const complete = value === undefined ? "" : `${completing(value)}; `;
  if (option.otherwise === undefined) {
    return [`        ${wordsOf(option).join("|")}) ${complete}return ;;`];
  }
  const { letter } = option;
  return [
    `        --${option.name}) if [[ $attached ]]; then ${complete}return; fi ;;`,
    ...letter === undefined ? [] : [`        -${letter}) ${complete}return ;;`],
  ];
}

function completing(value: Completed): string {
  return `_sftpwrap_complete ${value.kind}${"words" in value ? ` "${value.words.join(" ")}"` : ""}`;
}
