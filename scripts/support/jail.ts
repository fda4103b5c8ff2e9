/**
 * The jail alone, for the demo: `sftpwrap jail` without the other subcommands, because Deno
 * downloads ssh2 and mongodb for any program that could load them.
 *
 * @module
 */

import { jailCommand } from "../../lib/cli/jail/command.ts";

Deno.exit(await jailCommand(Deno.args));
