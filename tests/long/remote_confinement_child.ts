/** Looks up a host before it gives up what a remote session does, and long afterwards. */

import { lookup } from "node:dns/promises";
import { prepareRemoteConfinement } from "../../lib/cli/start/remote_confinement.ts";
import { printLine } from "../../scripts/support/print.ts";

/** Milliseconds after which the threads that have looked up names so far are gone. */
const IDLE = 15_000;

const [name = ""] = Deno.args;
const before = await lookup(name);
prepareRemoteConfinement({ network: true }).enter();
await new Promise((resolve) => setTimeout(resolve, IDLE));
const after = await lookup(name);
printLine(JSON.stringify([before.address, after.address]));
