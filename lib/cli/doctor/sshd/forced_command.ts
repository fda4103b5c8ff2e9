import { OTHERS_MAY_WRITE, STICKY } from "../../files/file_place.ts";
import { pathAndParents } from "../../jail/containment.ts";
import { shellWord } from "../../shell_word.ts";
import { bad, type Finding, ok, warn } from "../finding.ts";

const MAY_RUN = 0o111;

/** Whether the program of a command is there, and safe from other users. */
export function checkCommand(what: string, command: string): Finding[] {
  const program = programOf(command);
  if (command.startsWith("internal-sftp")) return [bad(`${what} is ${command}, not sftpwrap`)];
  if (program === undefined) return [warn(`${what} is a line for the shell, not looked at`)];
  if (!program.startsWith("/")) {
    return [bad(`${what}: ${program} is not an absolute path`, `command -v ${shellWord(program)}`)];
  }
  try {
    const real = Deno.realPathSync(program);
    const { isFile, mode } = Deno.statSync(real);
    if (!isFile) return [bad(`${what}: ${program} is not a file`)];
    if (((mode ?? 0) & MAY_RUN) !== MAY_RUN) {
      return [bad(`${what}: ${program} cannot be run by all`, `chmod a+rx ${shellWord(program)}`)];
    }
    const open = pathAndParents(real).find((path) => isOpenToOthers(path));
    return open === undefined ? [ok(`${what}: ${program}`)] : [
      bad(
        `${what}: others may change ${open}, and so the program`,
        `chmod go-w ${shellWord(open)}`,
      ),
    ];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return [bad(`${what}: ${program} does not exist`)];
  }
}

/** The first word, or the one after `exec`; undefined if only a shell could tell. */
function programOf(command: string): string | undefined {
  const rest = /(?:^|;|&&)\s*exec\s+(.*)$/s.exec(command)?.[1] ?? command;
  const [, single, double, plain] = /^\s*(?:'([^']*)'|"([^"$`\\]*)"|([^\s'"\\$`;&|<>()=]+)(?=\s|$))/
    .exec(rest) ?? [];
  return single ?? double ?? plain;
}

/** Whether others may write to a file, or replace files in a directory. */
export function isOpenToOthers(path: string): boolean {
  const { mode, isDirectory } = Deno.statSync(path);
  if (((mode ?? 0) & OTHERS_MAY_WRITE) === 0) return false;
  return !isDirectory || ((mode ?? 0) & STICKY) === 0;
}
