/**
 * A release, built by `scripts/release.ts`.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { SLOW_MS } from "./debian.ts";
import { runOk } from "./run.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** Variables for packing quickly, where it does not matter how small the packages get. */
export const QUICK = { DPKG_DEB_COMPRESSOR_LEVEL: "0" };

/** Builds a release into a folder, and returns its version. */
export async function release(
  folder: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const flags = ["run", "--no-prompt", "--no-check", "-A"];
  const words = [...flags, `${PROJECT}scripts/release.ts`, "--output", folder, ...args];
  await runOk(Deno.execPath(), words, { cwd: PROJECT, env, limitMs: SLOW_MS });
  const { version } = JSON.parse(await Deno.readTextFile(`${PROJECT}deno.json`));
  return version;
}
