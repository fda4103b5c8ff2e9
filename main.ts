import { main } from "./lib/cli/main.ts";

async function version(): Promise<string> {
  const { default: config } = await import("./deno.json", { with: { type: "json" } });
  return config.version;
}

Deno.exit(await main(Deno.args, version));
