import config from "./deno.json" with { type: "json" };
import { main } from "./lib/cli/main.ts";

Deno.exit(await main(Deno.args, config.version));
