/**
 * OpenSSH's own server, started in a chroot so that it sees its tree as `/`,
 * as a client of ours sees the jail. Only root can do that.
 *
 * @module
 */

import { type Need, needs, programPath } from "../support/programs.ts";
import { ChildServer } from "../support/wire_session.ts";

/** Both servers run in this zone, which has summer time. */
export const ZONE = "America/New_York";

/** As many handles as ours allows, and some files that the server itself has open. */
const FILE_LIMIT = 1024;

/** The program with its libraries; the server does not need them once it runs. */
const KIT = ".oracle";

/** What the chroot needs. */
export function needsOracle(): Need {
  const need = needs("sftp-server", "ldd", "prlimit", "chroot", `/usr/share/zoneinfo/${ZONE}`);
  if (need.ignore || Deno.uid() === 0) return need;
  return {
    ignore: Deno.env.get("SFTPWRAP_NO_SKIP") !== "1",
    reason: "chroot needs root",
  };
}

/**
 * What both trees hold besides what a test puts there: the accounts. Users'
 * homes are `/`, where sessions start.
 */
export function layAccounts(directory: string): void {
  Deno.mkdirSync(`${directory}/etc`);
  const passwd = Deno.readTextFileSync("/etc/passwd")
    .replace(/^(root:(?:[^:]*:){4})[^:]*/m, "$1/");
  Deno.writeTextFileSync(`${directory}/etc/passwd`, passwd);
  Deno.copyFileSync("/etc/group", `${directory}/etc/group`);
  Deno.writeTextFileSync(`${directory}/etc/motd`, "Hello\n");
  for (const name of ["etc", "etc/passwd", "etc/group", "etc/motd"]) {
    Deno.utimeSync(`${directory}/${name}`, 1_000_000_000, 1_000_000_000);
  }
}

/** Puts the server with its libraries into `directory`. */
export function layOracle(directory: string): void {
  const kit = `${directory}/${KIT}`;
  Deno.mkdirSync(`${kit}/${ZONE.split("/")[0]}`, { recursive: true });
  const server = programPath("sftp-server");
  const { stdout } = new Deno.Command(programPath("ldd"), { args: [server] }).outputSync();
  const libraries = [...new TextDecoder().decode(stdout).matchAll(/(\/\S+) \(0x/g)]
    .map(([, path]) => path!);
  for (const path of [server, ...libraries]) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    Deno.copyFileSync(path, `${kit}/${name.startsWith("ld-") ? "ld.so" : name}`);
    Deno.chmodSync(`${kit}/${name.startsWith("ld-") ? "ld.so" : name}`, 0o755);
  }
  Deno.copyFileSync(`/usr/share/zoneinfo/${ZONE}`, `${kit}/${ZONE}`);
  // Opened at the start and never used.
  Deno.mkdirSync(`${directory}/dev`);
  Deno.writeTextFileSync(`${directory}/dev/null`, "");
}

/** Takes the server and its libraries out of its tree, while it runs. */
export function hideOracle(directory: string): void {
  Deno.removeSync(`${directory}/${KIT}`, { recursive: true });
  Deno.removeSync(`${directory}/dev`, { recursive: true });
}

/** Starts OpenSSH's server in `directory`, where {@linkcode layOracle} has put it. */
export function startOracle(
  directory: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): ChildServer {
  return new ChildServer([
    programPath("prlimit"),
    `--nofile=${FILE_LIMIT}:${FILE_LIMIT}`,
    programPath("chroot"),
    directory,
    `/${KIT}/ld.so`,
    "--library-path",
    `/${KIT}`,
    `/${KIT}/sftp-server`,
    "-e",
    ...args,
  ], { env: { TZ: ZONE, TZDIR: `/${KIT}`, USER: "root", LC_ALL: "C", ...env } });
}
