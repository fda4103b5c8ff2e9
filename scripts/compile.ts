/**
 * Compiles the program: `deno task compile`.
 *
 *     deno task compile                                  dist/sftpwrap, for every use
 *     deno task compile --jail DIR [--read-only]         a program for one jail
 *     deno task compile --jail DIR -- -u 027 -l FILE     with options of the jail baked in
 *     deno task compile --proxy [USER@]HOST:PORT -- -k /KEY   a program for one remote server
 *     --output FILE     where to write it
 *     --target TRIPLE   for another system, as `deno compile` has it
 *
 * It compiles with the Deno that it runs under, or with $DENO_COMPILE.
 *
 * @module
 */

import { bundleProgram } from "./support/bundles.ts";
import {
  type CompileOptions,
  type CompilePlan,
  compilePlan,
  knownFlags,
  parseCompileArgs,
  V8_FLAGS,
} from "./support/compile_plan.ts";
import { printLine } from "./support/print.ts";

/** What a CommonJS module expects to find; ssh2 requires only modules that are built in. */
const NODE_GLOBALS = `globalThis.__dirname = "/";
globalThis.require = (name) => {
  const module = process.getBuiltinModule(name);
  if (module === undefined) throw new Error("There is no module " + name);
  return module;
};
`;

if (import.meta.main) Deno.exit(await compile(Deno.args));

async function compile(args: readonly string[]): Promise<number> {
  let plan: CompilePlan;
  try {
    plan = compilePlan(withRealJail(parseCompileArgs(args)));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    printLine(`compile: ${error.message}`);
    return 1;
  }
  const deno = Deno.env.get("DENO_COMPILE") || Deno.execPath();
  const bundle = await Deno.makeTempDir({ prefix: "sftpwrap-" });
  try {
    const bundled = await bundleProgram(
      plan.bundle,
      bundle,
      async (words) => (await run(deno, words)).success,
    );
    if (bundled !== undefined) await addNodeGlobals(bundled);
    else printLine("not bundled (deno bundle failed): it will start more slowly");
    const flags = knownFlags(V8_FLAGS, (await run(deno, ["run", "--v8-flags=--help", "-"])).stdout);
    const compiled = await run(deno, [
      ...plan.compile,
      ...flags.length > 0 ? [`--v8-flags=${flags.join(",")}`] : [],
      bundled ?? "main.ts",
      ...plan.baked,
    ]);
    if (!compiled.success) {
      printLine(`compile: ${failure(compiled.stderr)}`);
      return 1;
    }
  } finally {
    await Deno.remove(bundle, { recursive: true });
  }
  for (const line of plan.summary) printLine(line);
  return 0;
}

/** Adds the globals of a CommonJS module. None is used, and no Node module loaded, before ssh2 is. */
export async function addNodeGlobals(module: string): Promise<void> {
  const text = await Deno.readTextFile(module);
  await Deno.writeTextFile(module, NODE_GLOBALS + text);
}

/**
 * A session uses the directory's real path, so the permissions must name that. A directory that is
 * not on this machine is taken as written.
 */
function withRealJail(options: CompileOptions): CompileOptions {
  const { jail } = options;
  if (jail === undefined || !jail.startsWith("/")) return options;
  try {
    return { ...options, jail: Deno.realPathSync(jail) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return options;
    throw error;
  }
}

/**
 * One line for what went wrong. Deno first says what it was about to do, then the causes of the
 * failure (`0: …`, `1: …`, the outer one first), then where in its own code.
 */
export function failure(stderr: string): string {
  const [told = ""] = stderr.split("Stack backtrace:");
  const causes = Array.from(
    told.matchAll(/^ +\d+: (.*)$/gm),
    ([, cause = ""]) => cause.replace(/\.$/, ""),
  );
  const first = told.split("\n").find((line) => line.trim() !== "")?.replace(/^error: /, "");
  const reason = causes.length > 0 ? causes.slice(0, 2).join(": ") : first ?? "deno compile failed";
  return /error sending request for url \([^)]*denort/.test(told)
    ? `Deno's base binary (denort) cannot be downloaded: set DENORT_BIN to one (${reason})`
    : reason;
}

async function run(
  program: string,
  args: readonly string[],
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    // The system's own certificates count too: many networks add some.
    env: { NO_COLOR: "1", DENO_TLS_CA_STORE: "mozilla,system" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, stdout: text(stdout), stderr: text(stderr) };
}
