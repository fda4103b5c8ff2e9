import { granted } from "../../permissions.ts";
import { StartError, UsageError } from "../errors.ts";
import { logWithin, realDirectory } from "../jail/directory.ts";
import type { JailOptions } from "../jail/options.ts";
import { wayOut } from "../jail/ways_out.ts";
import { expandTokens, withLogFile } from "../options/tokens.ts";
import { prepareConfinement } from "../start/confinement.ts";
import { type Identity, identity } from "../start/host.ts";
import type { Ring } from "../start/rings.ts";
import type { CheckedJail } from "./checked_jail.ts";
import { checkUploads, mayDo, mountedBelow, writableByOthers } from "./directory_checks.ts";
import { shellWord } from "../shell_word.ts";
import { bad, type Finding, ok, report } from "./finding.ts";
import { checkHooks } from "../hooks/checks.ts";
import { checkLog } from "./log_check.ts";
import { checkStartDirectory } from "./start_directory_check.ts";
import { checkHost } from "./host_checks.ts";
import { checkSessions } from "./sessions_check.ts";
import { firstClosed } from "./access.ts";

/** What is looked at, in the order of the report; the rings come before, and are entered last. */
const CHECKS: readonly ((jail: CheckedJail) => Iterable<Finding> | Promise<Iterable<Finding>>)[] = [
  mayDo,
  writableByOthers,
  waysOut,
  mountedBelow,
  checkUploads,
  checkStartDirectory,
  ({ options, directory }) =>
    logWithin(directory, options.logFile) === undefined ? checkLog(options) : [],
  async (jail) =>
    jail.options.quota ? await (await import("./quota_check.ts")).checkQuota(jail) : [],
  ({ options: { hooks }, who, directory }) => checkHooks({ hooks, who, directory }),
  ({ who }) => checkHost(who),
  ({ options, who, directory }) => checkSessions(options, who, directory),
];

/**
 * Runs `sftpwrap jail --check`, and the session's part of `sftpwrap doctor jail`: confines itself
 * as a session would, and reports what holds and what to change.
 *
 * @returns The exit status: 0 if nothing is BAD.
 */
export async function checkJail(parsed: JailOptions): Promise<number> {
  const who = identity();
  let directory = parsed.directory;
  try {
    directory = expandTokens(directory, who);
    const options = withLogFile(parsed, who);
    const jail = { directory: realDirectory(directory), options, who };
    const head = [`jail ${jail.directory}`, `started with ${grantedPermissions(jail.directory)}`];
    const found: Finding[] = [];
    for (const check of CHECKS) found.push(...await check(jail));
    return report([...await rings(jail), ...found], head);
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof StartError)) throw error;
    return report([unusable(directory, error, who)], [`jail ${directory}`]);
  }
}

function unusable(directory: string, error: StartError, { user, uid }: Identity): Finding {
  const name = user ?? uid ?? "USER";
  if (error.message.endsWith(" does not exist")) {
    return bad(`directory: ${error.message}`, `install -d -o ${name} ${shellWord(directory)}`);
  }
  const isAway = directory.startsWith("/") && !error.message.endsWith(" is not a directory");
  const closed = isAway ? firstClosed(directory) : undefined;
  return closed === undefined ? bad(`directory: ${error.message}`) : bad(
    `directory: ${directory} cannot be used: ${name} may not enter ${closed}`,
    `chmod a+x ${shellWord(closed)}`,
  );
}

function* waysOut({ directory, options, who }: CheckedJail): Iterable<Finding> {
  const reason = logWithin(directory, options.logFile) ?? wayOut(directory, who, options.readOnly);
  if (reason === undefined) yield ok("directory: holds nothing that lets a client out");
  else if (options.allowHome) yield ok(`directory: ${reason}: choose one below`);
  else yield bad(`directory: ${reason}: choose one below`);
}

async function rings(jail: CheckedJail): Promise<readonly Finding[]> {
  const { directory, options: { confine: mode, readOnly } } = jail;
  try {
    return (await prepareConfinement({ directory, mode, readOnly })).enter().map(ringFinding);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [bad(error.message)];
  }
}

function ringFinding({ name, holds, text }: Ring): Finding {
  return (holds ? ok : bad)(`ring ${name}: ${text}`);
}

/** The permissions that Deno's flags grant, as far as they concern a jail. */
function grantedPermissions(directory: string): string {
  const found: string[] = [];
  for (const name of ["read", "write"] as const) {
    if (granted({ name })) found.push(`--allow-${name}`);
    else if (granted({ name, path: directory })) found.push(`--allow-${name}=${directory}`);
  }
  for (const name of ["env", "sys", "net", "run", "ffi"] as const) {
    if (granted({ name })) found.push(`--allow-${name}`);
  }
  return found.length === 0 ? "no permission at all" : found.join(" ");
}
