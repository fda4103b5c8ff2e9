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
 * It compiles with the Deno that it runs under, or with $DENO_COMPILE. Deno downloads its base binary
 * (denort); $DENORT_BIN names one that is there, and $DENORT_ARM64_BIN one for arm64.
 *
 * @module
 */

import { archOf, chooseBase, tryProgram } from "./support/base.ts";
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
import { run, runOk } from "./support/run.ts";

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
  try {
    const plan = compilePlan(withRealJail(parseCompileArgs(args)));
    for (const line of await compileProgram(plan)) printLine(line);
    return 0;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    printLine(`compile: ${error.message}`);
    return 1;
  }
}

/**
 * Compiles a program, and runs it: what does not work is removed.
 *
 * @returns What to tell about it.
 * @throws {TypeError} If it cannot be compiled, or does not run.
 */
export async function compileProgram(plan: CompilePlan): Promise<readonly string[]> {
  const deno = Deno.env.get("DENO_COMPILE") || Deno.execPath();
  const runDeno = (words: readonly string[], base?: string) =>
    run(deno, words, {
      // The system's own certificates count too: many networks add some.
      env: { DENO_TLS_CA_STORE: "mozilla,system", ...base && { DENORT_BIN: base } },
    });
  const [, version = ""] = /^deno (\S+)/.exec((await runDeno(["--version"])).stdout) ?? [];
  const { output, target } = plan;
  const arch = archOf(target);
  const base = target?.includes("linux") === false ? undefined : await chooseBase(arch, version);
  const told = [...plan.summary];
  const bundle = await Deno.makeTempDir({ prefix: "sftpwrap-" });
  // A program that is there already is replaced only by one that works.
  const made = `${output}.new`;
  try {
    const bundled = await bundleProgram(
      plan.bundle,
      bundle,
      async (words) => (await runDeno(words)).code === 0,
    );
    if (bundled !== undefined) await finishBundle(bundled);
    else told.push("not bundled (deno bundle failed): it will start more slowly");
    const flags = knownFlags(V8_FLAGS, (await runDeno(["run", "--v8-flags=--help", "-"])).stdout);
    const words = [
      ...plan.compile,
      ...flags.length > 0 ? [`--v8-flags=${flags.join(",")}`] : [],
      `--output=${made}`,
      bundled ?? "main.ts",
      ...plan.baked,
    ];
    const compiled = await runDeno(words, base);
    if (compiled.code !== 0) throw new TypeError(failure(compiled.stderr));
    const question = plan.baked.length > 0 ? "--help" : "--version";
    const said = await tryProgram(made, [question], arch);
    if (said === undefined) told.push(`not run: this machine has nothing to run it (${arch})`);
    else if (question === "--version") told.push(`version: ${said.trim()}`);
    await Deno.rename(made, output);
  } finally {
    await Deno.remove(bundle, { recursive: true });
    await Deno.remove(made).catch(ignoreNotFound);
  }
  return told;
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** Adds the globals of a CommonJS module. None is used, and no Node module loaded, before ssh2 is. */
export async function addNodeGlobals(module: string): Promise<void> {
  const text = await Deno.readTextFile(module);
  await Deno.writeTextFile(module, NODE_GLOBALS + text);
}

/**
 * Makes the bundle what is compiled: the entry gets the commit, its day and the globals, and all
 * files one time that is always the same, because their times get into the program.
 */
export async function finishBundle(entry: string): Promise<void> {
  const text = await Deno.readTextFile(entry);
  const { commit, day } = await currentCommit();
  await Deno.writeTextFile(entry, text.replaceAll("@COMMIT@", commit).replaceAll("@DAY@", day));
  await addNodeGlobals(entry);
  await resetTimes(entry.slice(0, entry.lastIndexOf("/")));
}

async function resetTimes(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) await resetTimes(`${folder}/${name}`);
    await Deno.utime(`${folder}/${name}`, 0, 0);
  }
}

/** The commit of this tree, with `-dirty` where a file differs from it, and its day (UTC). */
export async function currentCommit(): Promise<{ readonly commit: string; readonly day: string }> {
  const words = ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"];
  const seconds = await git(["log", "-1", "--format=%ct"]);
  const date = seconds === undefined ? new Date() : new Date(Number(seconds) * 1000);
  return { commit: await git(words) ?? "unknown", day: date.toISOString().slice(0, 10) };
}

/** What git says; undefined if it is not there, or this is not a clone. */
async function git(words: readonly string[]): Promise<string | undefined> {
  try {
    return (await runOk("git", words)).trim();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
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
