/**
 * The raw pump as a program, so that a compiled proxy is measured against its like: compiled by the
 * same Deno, whose ciphers and whose `node:net` both then have.
 *
 * @module
 */

import { runOk } from "../../tests/support/run.ts";
import { addNodeGlobals } from "../compile.ts";
import { compilePlan, parseCompileArgs } from "../support/compile_plan.ts";
import { ROOT } from "./contestants.ts";

/**
 * Bundles and compiles the pump as `deno task compile` does the proxy, by the Deno that DENO_COMPILE
 * names, or else by this one.
 *
 * @param directory Where to.
 * @returns The program's path.
 */
export async function compilePump(directory: string): Promise<string> {
  const deno = Deno.env.get("DENO_COMPILE") || Deno.execPath();
  const output = `${directory}/pump`;
  const { bundle, compile } = compilePlan(parseCompileArgs(["--output", output]));
  const options = { env: { DENO_TLS_CA_STORE: "mozilla,system" } };
  const source = `${ROOT}scripts/bench/raw_pump.ts`;
  await runOk(deno, [...bundle, "--outdir", directory, source], options);
  const entry = `${directory}/raw_pump.js`;
  await addNodeGlobals(entry);
  await runOk(deno, [...compile, entry], options);
  return output;
}
