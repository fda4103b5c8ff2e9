/**
 * A bare Debian, made by debootstrap: nothing in it but what `minbase` and an SSH server need.
 *
 * @module
 */

import { withTempDir } from "./files.ts";
import { run, runOk, type RunResult, until } from "./run.ts";
import { freePort } from "./sshd.ts";

const RELEASE = "bookworm";

/** For what downloads, packs or compiles, also on a busy machine. */
export const SLOW_MS = 900_000;

/** A folder with a system, in which commands run as root. */
export interface Debian {
  /** The folder. */
  readonly root: string;
  /** Runs a shell script in a folder of it, as root or as a user; it must succeed. */
  sh(script: string, options?: ScriptOptions): Promise<string>;
  /** Runs `use` with its own sshd on a port of the loopback. */
  withSshd<T>(use: (port: number) => Promise<T>): Promise<T>;
}

/** How to run a script; every option may be absent. */
export interface ScriptOptions {
  readonly user?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The words that run a command in the system, with processes and a /proc of its own. */
function inside(root: string): string[] {
  const own = ["--mount", "--pid", "--fork", "--kill-child", `--mount-proc=${root}/proc`];
  return ["unshare", ...own, "chroot", root];
}

let made: Promise<string> | undefined;

/** The system that every test starts from, made once; it takes minutes on a slow line. */
function bare(): Promise<string> {
  return made ??= (async () => {
    const folder = await Deno.makeTempDir({ prefix: "sftpwrap_debian_" });
    globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    const include = "--include=openssh-server,openssh-client";
    const args = ["--variant=minbase", include, RELEASE, `${folder}/root`];
    await runOk("debootstrap", args, { limitMs: SLOW_MS });
    return `${folder}/root`;
  })();
}

/** Runs `use` with a bare Debian, and removes it. */
export async function withDebian(use: (debian: Debian) => Promise<void>): Promise<void> {
  await withTempDir(async (folder) => {
    const root = `${folder}/root`;
    await runOk("cp", ["--archive", await bare(), root]);
    await use({
      root,
      sh: (script, options = {}) => shell(root, script, options),
      withSshd: (act) => withOwnSshd(root, act),
    });
  });
}

async function shell(root: string, script: string, { user, cwd, env }: ScriptOptions) {
  const as = user === undefined ? [] : ["runuser", "-u", user, "--"];
  const home = user === undefined ? "/root" : `/home/${user}`;
  const clean = ["env", "-i", `HOME=${home}`, "LC_ALL=C.UTF-8"];
  const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const further = Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`);
  const shell = ["sh", "-e", "-c", `cd ${cwd ?? home}\n${script}`];
  const [program = "", ...args] = [...inside(root), ...as, ...clean, path, ...further, ...shell];
  return await runOk(program, args, { limitMs: SLOW_MS });
}

async function withOwnSshd<T>(root: string, use: (port: number) => Promise<T>): Promise<T> {
  await Deno.mkdir(`${root}/run/sshd`, { recursive: true, mode: 0o755 });
  const port = freePort("127.0.0.1");
  const log = `${root}/var/log/sshd.log`;
  await Deno.writeTextFile(log, "");
  const listen = ["-o", "ListenAddress=127.0.0.1", "-p", String(port)];
  const words = [...inside(root), "/usr/sbin/sshd", "-D", "-E", "/var/log/sshd.log", ...listen];
  const [program = "", ...args] = words;
  const sshd = new Deno.Command(program, { args, stdin: "null", stdout: "null" }).spawn();
  try {
    const listens = async () => (await readOrEmpty(log)).includes("Server listening");
    await until(listens, { what: "sshd listens" });
    return await use(port);
  } catch (error) {
    if (error instanceof Error) error.cause ??= await readOrEmpty(log);
    throw error;
  } finally {
    // unshare(1) ignores SIGTERM; its child ends with it.
    sshd.kill("SIGKILL");
    await sshd.status;
  }
}

/** Runs a batch of sftp's commands as a user of that sshd. */
export async function sftpBatch(
  { port, user, key, batch, cwd }: {
    readonly port: number;
    readonly user: string;
    readonly key: string;
    readonly batch: string;
    readonly cwd: string;
  },
): Promise<RunResult> {
  const trust = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
  const login = ["-F", "none", "-i", key, "-o", "IdentitiesOnly=yes", "-P", String(port)];
  return await run("sftp", [...trust, ...login, "-b", "-", `${user}@127.0.0.1`], {
    input: batch,
    cwd,
  });
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
