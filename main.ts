/**
 * The program: `deno run jsr:@sftpwrap/sftpwrap/main jail DIR`.
 *
 * @module
 */

import { main } from "./lib/cli/main.ts";

/** The commit that the program was built from; `scripts/compile.ts` puts it here. */
const COMMIT = "@COMMIT@";

async function version(): Promise<string> {
  const { default: config } = await import("./deno.json", { with: { type: "json" } });
  const commit = COMMIT.startsWith("@") ? "unknown" : COMMIT;
  return `${config.version} (commit ${commit}, Deno ${Deno.version.deno}, ${Deno.build.target})`;
}

Deno.exit(await main(Deno.args, version));
