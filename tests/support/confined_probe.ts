/**
 * A jail session that first tries everything that it must no longer be able to do, and reports it
 * in a line of JSON on standard error:
 *
 *     confined_probe.ts MODE PORT DIR
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { type ConfineMode, prepareConfinement } from "../../lib/cli/start/confinement.ts";
import { serve } from "../../lib/serve/serve.ts";
import { JailStorage } from "../../lib/storage/local/jail.ts";
import { type Bytes, type Libc, openLibc } from "../../lib/linux/libc.ts";
import { AT_FDCWD, Open } from "../../lib/linux/linux.ts";
import { siteAt } from "./jail_fixture.ts";

/** The outcome of each try: `done`, an error's name, or what libc returned. */
export type Outcomes = Readonly<Record<string, string | number>>;

const PR_GET_DUMPABLE = 3;

/** The words that start it. */
export function confinedProbe(
  mode: ConfineMode,
  { directory, port, permissions }: {
    readonly directory: string;
    readonly port: number;
    readonly permissions: readonly string[];
  },
): string[] {
  const script = fileURLToPath(import.meta.url);
  const flags = ["--no-prompt", "--no-check", "--quiet", ...permissions];
  return [Deno.execPath(), "run", ...flags, script, mode, String(port), directory];
}

async function main([mode = "", port = "", directory = ""]: readonly string[]): Promise<number> {
  const libc = mode === "kernel" ? openLibc() : undefined;
  const dumpable = mode === "kernel" ? dumpableReader() : undefined;
  const confinement = await prepareConfinement({
    directory,
    mode: mode as ConfineMode,
    readOnly: false,
  });
  confinement.enter();
  const outcomes: Outcomes = {
    ...await denoOutcomes(directory, Number(port)),
    ...libc === undefined ? {} : libcOutcomes(libc, directory),
    ...dumpable === undefined ? {} : { dumpable: dumpable() },
  };
  Deno.stderr.writeSync(new TextEncoder().encode(JSON.stringify(outcomes) + "\n"));
  const storage = new JailStorage(confinement.root);
  return await serve(storage, { transport: confinement.transport });
}

function dumpableReader(): () => number {
  const { symbols } = Deno.dlopen("libc.so.6", {
    prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  });
  return () => symbols.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n);
}

async function denoOutcomes(directory: string, port: number): Promise<Outcomes> {
  const { outside } = siteAt(directory.slice(0, directory.lastIndexOf("/")));
  const tries: Readonly<Record<string, () => unknown>> = {
    "read outside": () => Deno.readTextFileSync(`${outside}/canary`),
    "open outside": () => Deno.openSync(`${outside}/canary`).close(),
    "read outside later": () => Deno.readTextFile(`${outside}/canary`),
    "stat outside": () => Deno.statSync(`${outside}/canary`),
    "list outside": () => [...Deno.readDirSync(outside)],
    "write outside": () => Deno.writeTextFileSync(`${outside}/new`, ""),
    "remove outside": () => Deno.removeSync(`${outside}/canary`),
    "rename outside": () => Deno.renameSync(`${outside}/canary`, `${outside}/new`),
    "mkdir outside": () => Deno.mkdirSync(`${outside}/new`),
    "read inside": () => Deno.readTextFileSync(`${directory}/own`),
    "write inside": () => Deno.writeTextFileSync(`${directory}/own`, "own"),
    "run": () => new Deno.Command("true").outputSync(),
    "fetch": () => fetch(`http://127.0.0.1:${port}/`),
    "connect": async () => (await Deno.connect({ hostname: "127.0.0.1", port })).close(),
    "listen": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
    "env": () => Deno.env.get("HOME"),
    "all env": () => Deno.env.toObject(),
    "dlopen": () => Deno.dlopen("libc.so.6", {}).close(),
    "pointer": () => Deno.UnsafePointer.of(new Uint8Array(1)),
    "hostname": () => Deno.hostname(),
    // A signal that processes ignore by default.
    "kill": () => Deno.kill(Deno.ppid, "SIGURG"),
    "ask for more": () => {
      const { state } = Deno.permissions.requestSync({ name: "read" });
      if (state !== "granted") throw new Deno.errors.NotCapable(state);
    },
  };
  const outcomes: Record<string, string> = {};
  for (const [name, run] of Object.entries(tries)) {
    try {
      await run();
      outcomes[name] = "done";
    } catch (error) {
      outcomes[name] = nameOf(error);
    }
  }
  return outcomes;
}

/** Some parts of Deno wrap the error of a missing permission, and keep its text. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.includes("Requires ") ? "NotCapable" : error.name;
}

/** What libc can still do when the permission for FFI is gone: then only Landlock prevents it. */
function libcOutcomes(libc: Libc, directory: string): Outcomes {
  const { outside } = siteAt(directory.slice(0, directory.lastIndexOf("/")));
  const canary = cString(`${outside}/canary`);
  const made = cString(`${outside}/new`);
  const own = cString(`${directory}/own`);
  const taken = cString(`${directory}/taken`);
  const open = (path: Bytes, flags: number) => libc.openat2(AT_FDCWD, path, howOf(flags));
  return {
    "libc opens /etc/passwd": open(cString("/etc/passwd"), Open.RDONLY),
    "libc opens outside": open(canary, Open.RDONLY),
    "libc opens outside to write": open(canary, Open.WRONLY),
    "libc opens outside to truncate": open(canary, Open.WRONLY | Open.TRUNC),
    "libc makes a file outside": open(made, Open.WRONLY | Open.CREAT),
    "libc lists outside": open(cString(outside), Open.RDONLY | Open.DIRECTORY),
    "libc lists the host's root": open(cString("/"), Open.RDONLY | Open.DIRECTORY),
    "libc opens through /proc": open(cString(`/proc/self/root${outside}/canary`), Open.RDONLY),
    "libc makes a directory outside": libc.mkdirat(AT_FDCWD, made, 0o755),
    "libc makes a link outside": libc.symlinkat(own, AT_FDCWD, made),
    "libc removes outside": libc.unlinkat(AT_FDCWD, canary, 0),
    "libc renames outside": libc.renameat(AT_FDCWD, canary, AT_FDCWD, made),
    "libc renames in": libc.renameat(AT_FDCWD, canary, AT_FDCWD, taken),
    "libc renames out": libc.renameat(AT_FDCWD, own, AT_FDCWD, made),
    "libc links in": libc.linkat(AT_FDCWD, canary, AT_FDCWD, taken),
    "libc links out": libc.linkat(AT_FDCWD, own, AT_FDCWD, made),
  };
}

function howOf(flags: number): Bytes {
  const how = new Uint8Array(24);
  const words = new Uint32Array(how.buffer);
  words[0] = flags;
  if (flags & Open.CREAT) words[2] = 0o600;
  return how;
}

function cString(text: string): Bytes {
  return new TextEncoder().encode(text + "\0");
}

if (import.meta.main) Deno.exit(await main(Deno.args));
