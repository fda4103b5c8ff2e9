/**
 * The helper process of a session with hooks: how a session starts it, and what it runs.
 *
 * @module
 */

import type { HookOptions } from "../options/hook_options.ts";
import type { HelperPipes } from "../../hooks/hook_runner.ts";
import { openLibc, openLibcIfAllowed } from "../../linux/libc.ts";
import { StartError } from "../errors.ts";
import { textInProc } from "../jail/containment.ts";
import { closeInheritedOnExec } from "../proxy/inherited_descriptors.ts";
import { HELPER_FLAG } from "../subcommand.ts";
import { environment } from "../start/host.ts";
import { NO_LIBC } from "../start/rings.ts";

/** This program, whatever its file is called, or has been replaced by. */
export const THIS_PROGRAM = "/proc/self/exe";

/** What commands know of the session's environment, which a client can add to. */
const COMMAND_VARIABLES: readonly string[] = ["HOME", "USER", "LOGNAME", "TZ"];

/** Where the helper and commands find programs; what the session has may be a client's. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Where Deno finds the modules of a program that is not compiled. */
const DENO_VARIABLES: readonly string[] = ["DENO_DIR", "XDG_CACHE_HOME"];

/**
 * Starts this program again, with the same arguments and {@linkcode HELPER_FLAG}. It does not wait
 * until the helper is ready.
 *
 * @throws {StartError} If it may not be started.
 */
export function startHelper(): HelperPipes {
  if (openLibcIfAllowed() === undefined) throw new StartError(`--on: ${NO_LIBC}`);
  const args = textInProc("/proc/self/cmdline").split("\0").slice(1, -1);
  try {
    const { stdin: writable, stdout: readable } = new Deno.Command(THIS_PROGRAM, {
      args: [...args, HELPER_FLAG],
      clearEnv: true,
      env: { ...variables([...COMMAND_VARIABLES, ...DENO_VARIABLES]), PATH, NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    return { readable, writable };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new StartError(`--on: no permission to start a helper (--allow-run=${THIS_PROGRAM})`);
  }
}

/** Runs commands until the session that has started this process is over. */
export async function help(hooks: HookOptions | undefined): Promise<number> {
  if (hooks === undefined) return 1;
  const { helpSession } = await import("../../hooks/helper.ts");
  const { openSpawn } = await import("../../linux/libc_spawn.ts");
  const libc = openLibc();
  closeInheritedOnExec();
  const env = { ...variables(COMMAND_VARIABLES), PATH };
  helpSession({ plan: hooks, env, libc, spawn: openSpawn() });
  return 0;
}

function variables(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = environment(name);
    return value === undefined ? [] : [[name, value] as const];
  }));
}
