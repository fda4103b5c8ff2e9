/**
 * A session with hooks that first tries to start something else, and reports what comes of it in a
 * line of JSON:
 *
 *     confined_probe.ts DIR
 *
 * @module
 */

import { prepareConfinement } from "../../../lib/cli/start/confinement.ts";
import { help, startHelper, THIS_PROGRAM } from "../../../lib/cli/hooks/helper_process.ts";
import { HookRunner } from "../../../lib/hooks/hook_runner.ts";
import { openQuarantine } from "../../../lib/cli/hooks/quarantine_place.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import { Open } from "../../../lib/linux/linux.ts";
import { openSpawn } from "../../../lib/linux/libc_spawn.ts";
import { parseJailOptions } from "../../../lib/cli/jail/options.ts";
import { HELPER_FLAG } from "../../../lib/cli/subcommand.ts";

async function main(args: readonly string[]): Promise<number> {
  const isHelper = args.at(-1) === HELPER_FLAG;
  const options = parseJailOptions(isHelper ? args.slice(0, -1) : args);
  if ("print" in options) return 1;
  const { directory, hooks } = options;
  if (isHelper) return await help(hooks);
  const quarantine = openQuarantine(hooks!.quarantine!, directory);
  const { descriptor } = quarantine;
  const confinement = await prepareConfinement({
    ...{ directory, mode: "kernel", readOnly: false },
    drops: [descriptor],
  });
  const runner = new HookRunner(hooks!, startHelper());
  const libc = openLibc();
  const opened = (name: string, flags: number) =>
    Math.sign(libc.openat(descriptor, new TextEncoder().encode(`${name}\0`), flags));
  // Opened before, as a session never does: then Landlock alone is in the way.
  const spawn = openSpawn();
  confinement.enter();
  const spawned = (path: string) =>
    spawn.spawn({ path, args: [path], env: [], streams: [0, 1, 2] });
  const outcomes = {
    "this program": nameOf(() => new Deno.Command(THIS_PROGRAM).outputSync()),
    "another program": nameOf(() => new Deno.Command("/bin/true").outputSync()),
    "another helper": nameOf(startHelper),
    "libc's functions": nameOf(openSpawn),
    "another program by libc": spawned("/bin/true"),
    "this program by libc": spawned(THIS_PROGRAM),
    "a program in the jail by libc": spawned(`${directory}/program`),
    "listing the quarantine": opened(".", Open.RDONLY),
    "reading in the quarantine": opened("earlier", Open.RDONLY),
    "leaving the quarantine": opened("../hook", Open.RDONLY),
    "adding to the quarantine": await quarantine.keep("/x", { read: () => 0 }).then(() => "done"),
    "the hook": (await runner.decide("before-delete", "{}\n")).status,
  };
  await runner.close();
  Deno.stderr.writeSync(new TextEncoder().encode(JSON.stringify(outcomes) + "\n"));
  return 0;
}

function nameOf(start: () => unknown): string {
  try {
    start();
    return "done";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
