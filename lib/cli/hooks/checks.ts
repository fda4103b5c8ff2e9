import { granted } from "../../permissions.ts";
import { openLibcIfAllowed } from "../../linux/libc.ts";
import { StartError } from "../errors.ts";
import { containmentOf, pathAndParents, statusOf } from "../jail/containment.ts";
import { THIS_PROGRAM } from "./helper_process.ts";
import { openQuarantine } from "./quarantine_place.ts";
import type { HookOptions } from "../options/hook_options.ts";
import { expandTokens } from "../options/tokens.ts";
import type { Identity } from "../start/host.ts";
import { shellWord } from "../shell_word.ts";
import { bad, type Finding, ok } from "../doctor/finding.ts";
import { isOpenToOthers } from "../doctor/sshd/forced_command.ts";
import { Access, mayAccess } from "../doctor/access.ts";

/** The helper process, each command that it runs, and the quarantine. */
export function* checkHooks({ hooks, who, directory }: {
  readonly hooks: HookOptions | undefined;
  readonly who: Identity;
  /** The jail, if it is one. */
  readonly directory?: string;
}): Iterable<Finding> {
  if (hooks === undefined) return;
  yield helper(hooks, who);
  for (const { event, words: [program = ""] } of hooks.commands) {
    yield command(`hook ${event}`, program, directory);
  }
  if (hooks.quarantine === undefined) return;
  const place = expandTokens(hooks.quarantine, who);
  try {
    openQuarantine(place, directory);
    yield ok(`quarantine: ${place} can be written`);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    yield bad(error.message, `install -d -o ${who.user ?? "USER"} -m 700 ${shellWord(place)}`);
  }
}

function helper({ commands }: HookOptions, { user, uid }: Identity): Finding {
  const mayStart = granted({ name: "run", command: THIS_PROGRAM });
  if (!mayStart || openLibcIfAllowed() === undefined) {
    const flags = `--allow-run=${THIS_PROGRAM} and --allow-ffi`;
    return bad(`helper process: cannot be started without ${flags}`);
  }
  const count = commands.length === 1 ? "1 command" : `${commands.length} commands`;
  const rights = `with the rights of ${user ?? `user ${uid}`}`;
  return ok(`helper process: outside the rings, runs ${count} ${rights}, and nothing else`);
}

function command(what: string, program: string, directory: string | undefined): Finding {
  const status = statusOf(program);
  if (status === undefined) return bad(`${what}: ${program} does not exist`);
  if (!status.isFile) return bad(`${what}: ${program} is not a file`);
  if (mayAccess(program, Access.ENTER) === false) {
    return bad(`${what}: ${program} may not be run`, `chmod a+rx ${shellWord(program)}`);
  }
  if (directory !== undefined && containmentOf(directory).holds(program)) {
    return bad(`${what}: ${program} is in the jail, and clients may change it`);
  }
  const open = pathAndParents(Deno.realPathSync(program)).find(isOpenToOthers);
  if (open === undefined) return ok(`${what}: ${program}`);
  const text = `${what}: others may change ${open}, and so the program`;
  return bad(text, `chmod go-w ${shellWord(open)}`);
}
