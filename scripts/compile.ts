/**
 * Compiles the program: `deno task compile`.
 *
 *     deno task compile                                  dist/sftpwrap, for every use
 *     deno task compile --jail DIR [--read-only]         a program for one jail
 *     deno task compile --jail DIR -- -u 027 -l FILE     with options of the jail baked in
 *     --output FILE     where to write it
 *     --target TRIPLE   for another system, as `deno compile` has it
 *
 * It compiles with the Deno that it runs under, or with $DENO_COMPILE.
 *
 * @module
 */

import { type CompilePlan, compilePlan, parseCompileArgs } from "./support/compile_plan.ts";
import { printLine } from "./support/print.ts";

if (import.meta.main) Deno.exit(await compile(Deno.args));

async function compile(args: readonly string[]): Promise<number> {
  let plan: CompilePlan;
  try {
    plan = compilePlan(parseCompileArgs(args));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    printLine(`compile: ${error.message}`);
    return 1;
  }
  const deno = Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
  const bundle = await Deno.makeTempFile({ prefix: "sftpwrap-", suffix: ".js" });
  try {
    // One module evaluates faster than eighty. Where the bundler cannot be had, the modules do.
    const bundled = await run(deno, [...plan.bundle, "--output", bundle, "main.ts"]);
    if (!bundled.success) printLine("not bundled (deno bundle failed): it will start more slowly");
    const entry = bundled.success ? bundle : "main.ts";
    const compiled = await run(deno, [...plan.compile, entry, ...plan.baked]);
    if (!compiled.success) {
      printLine(`compile: ${failure(compiled.stderr)}`);
      return 1;
    }
  } finally {
    await Deno.remove(bundle);
  }
  for (const line of plan.summary) printLine(line);
  return 0;
}

/** One line for what went wrong. */
function failure(stderr: string): string {
  const reason = stderr.split("\n").find((line) => line.trim() !== "") ?? "deno compile failed";
  return /denort|dl\.deno\.land|error sending request/i.test(stderr)
    ? `Deno's base binary (denort) cannot be downloaded: set DENORT_BIN to one (${reason})`
    : reason;
}

async function run(
  program: string,
  args: readonly string[],
): Promise<{ success: boolean; stderr: string }> {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    // The system's own certificates count too: many networks have some.
    env: { NO_COLOR: "1", DENO_TLS_CA_STORE: "mozilla,system" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { success, stderr: new TextDecoder().decode(stderr) };
}
