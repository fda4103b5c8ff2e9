/**
 * The code cache of compiled programs, which lies in a folder that anybody may
 * write to, and is trusted: ours leave it alone.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { compilePlan } from "../../scripts/support/compile_plan.ts";
import { binary, binaryFolder, needsCompile } from "../support/binaries.ts";
import { withTempDir } from "../support/files.ts";
import { existsSync, namesIn, Prober, withSite } from "../support/jail_fixture.ts";
import { ask, Code } from "../support/raw.ts";
import { runOk } from "../support/run.ts";

const PROJECT = new URL("../../", import.meta.url).pathname;

/** Where a program of this name keeps its cache. */
function cacheIn(folder: string, name: string): string {
  return `${folder}/deno-compile-${name}.cache`;
}

/** Our own program as it would be without the flag. */
async function careless(): Promise<string> {
  const path = `${binaryFolder()}/careless`;
  const plan = compilePlan({
    jail: undefined,
    readOnly: false,
    output: path,
    target: undefined,
    jailOptions: [],
  });
  const words = plan.compile.filter((word) => word !== "--no-code-cache");
  assertEquals(words.length, plan.compile.length - 1);
  await runOk(Deno.env.get("DENO_COMPILE")!, [...words, `--output=${path}`, "main.ts"], {
    cwd: PROJECT,
  });
  return path;
}

/** What a look at a file tells: a reader, too, leaves a trace in it. */
function traceOf(path: string): string {
  if (!existsSync(path)) return "is gone";
  const { atime, mtime, ctime, ino, size } = Deno.lstatSync(path);
  return JSON.stringify([atime, mtime, ctime, ino, size]);
}

/** Puts bytes where a program would look for its cache. */
async function plant(cache: string, bytes: Uint8Array): Promise<string> {
  await Deno.writeFile(cache, bytes);
  const old = new Date("2001-02-03T04:05:06Z");
  await Deno.utime(cache, new Date("2000-02-03T04:05:06Z"), old);
  return traceOf(cache);
}

/** A cache as Deno writes it, though another program's. */
async function genuineCache(folder: string): Promise<Uint8Array> {
  const script = `${folder}/script.js`;
  await Deno.writeTextFile(script, 'Deno.stdout.writeSync(new TextEncoder().encode("ran"));');
  const path = `${folder}/script`;
  const args = ["compile", "--quiet", "--no-check", "--output", path, script];
  await runOk(Deno.env.get("DENO_COMPILE")!, args, { cwd: folder });
  await runOk(path, [], { env: { TMPDIR: folder } });
  return await Deno.readFile(cacheIn(folder, "script"));
}

const GARBAGE = new TextEncoder().encode("no cache at all");

Deno.test({
  name: "our program would read a planted cache if it were compiled by Deno's defaults",
  ...needsCompile(),
  fn: () =>
    withTempDir(async (folder) => {
      const path = await careless();
      const cache = cacheIn(folder, "careless");
      const before = await plant(cache, GARBAGE);
      await runOk(path, ["--version"], { env: { TMPDIR: folder } });
      assertNotEquals(traceOf(cache), before);
    }),
});

Deno.test({
  name: "our program leaves a planted cache unread and unwritten, and makes none",
  ...needsCompile(),
  fn: () =>
    withSite(async (site) => {
      const folder = `${site.base}/tmp`;
      await Deno.mkdir(folder);
      await Deno.mkdir(`${site.base}/other`);
      const env = { TMPDIR: folder };
      const { path } = await binary("sftpwrap");
      const cache = cacheIn(folder, "sftpwrap");
      for (const planted of [await genuineCache(`${site.base}/other`), GARBAGE, undefined]) {
        const before = planted === undefined ? "is gone" : await plant(cache, planted);
        await using prober = await Prober.start([path, "jail", site.jail], site, { env });
        assertEquals(await prober.code(ask.mkdir("/made")), Code.OK);
        assertEquals(await prober.code(ask.rmdir("/made")), Code.OK);
        assertEquals((await prober.end()).code, 0);
        assertEquals(traceOf(cache), before);
        if (planted !== undefined) await Deno.remove(cache);
      }
      assertEquals(namesIn(folder), []);
    }),
});

Deno.test({
  name: "our program never opens anything in the folder for temporary files",
  ...needsCompile("strace"),
  fn: () =>
    withTempDir(async (folder) => {
      const env = { TMPDIR: `${folder}/tmp` };
      await Deno.mkdir(env.TMPDIR);
      await Deno.mkdir(`${folder}/jail`);
      const { path } = await binary("sftpwrap");
      const trace = `${folder}/trace`;
      const strace = ["-f", "-o", trace, "-e", "trace=%file"];
      await runOk("strace", [...strace, path, "jail", `${folder}/jail`], { env, input: "" });
      const calls = await Deno.readTextFile(trace);
      assert(calls.includes(`${folder}/jail`), "the trace shows nothing");
      assertEquals(calls.split("\n").filter((line) => line.includes(env.TMPDIR)), []);
      assertEquals(calls.split("\n").filter((line) => line.includes("deno-compile")), []);
    }),
});
