/**
 * The program: `deno run jsr:@sftpwrap/sftpwrap/main jail DIR`.
 *
 * @module
 */

import { main } from "./lib/cli/main.ts";

/** The commit that the program was built from, and its day; `scripts/compile.ts` puts them here. */
const COMMIT = "@COMMIT@";
const DAY = "@DAY@";

async function version(): Promise<string> {
  const { default: config } = await import("./deno.json", { with: { type: "json" } });
  const commit = COMMIT.startsWith("@") ? "unknown" : COMMIT;
  return `${config.version} (commit ${commit}, Deno ${Deno.version.deno}, ${Deno.build.target})`;
}

/** The day of the commit, so that all its builds have the same manual; today, if it is not built. */
function date(): Date {
  return DAY.startsWith("@") ? new Date() : new Date(DAY);
}

Deno.exit(await main(Deno.args, { version, date }));
