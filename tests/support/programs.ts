/**
 * Programs that a test starts: finding them, and skipping the test where they are not installed.
 *
 * ```ts
 * Deno.test({
 *   name: "lftp mirrors a tree both ways",
 *   ...needs("sshd", "lftp"),
 *   async fn() {
 *     const lftp = new Deno.Command(programPath("lftp"), { args: [] });
 *   },
 * });
 * ```
 *
 * With `SFTPWRAP_NO_SKIP=1`, as in `.ci/run`, no such test is skipped: it runs, and fails with
 * the name of what is missing.
 *
 * @module
 */

import { printLine } from "../../scripts/support/print.ts";

/** Where programs are that a user's PATH often lacks: `sshd` and OpenSSH's `sftp-server`. */
const FURTHER_FOLDERS = ["/usr/sbin", "/usr/lib/openssh", "/usr/libexec/openssh", "/usr/lib/ssh"];

/** Whether to skip a test and why; fits into the object that `Deno.test` takes. */
export interface Need {
  /** Whether the test is to be skipped. */
  readonly ignore: boolean;
  /** What is missing, by name; empty if nothing is. */
  readonly reason: string;
}

/**
 * Decides whether a test that needs all of these can run. A need is the name of a program, the
 * absolute path of a file (`/dev/fuse`), a Python module (`python:paramiko`), a variable that holds
 * the path of a program (`$DENO_COMPILE`), or an address to listen on (`[::1]`).
 */
export function needs(...wanted: string[]): Need {
  const missing = wanted.filter((need) => !isThere(need));
  if (missing.length === 0) return { ignore: false, reason: "" };
  const reason = `not installed: ${missing.join(", ")}`;
  // Deno prints no reason; scripts/test.ts reads it here.
  if (Deno.env.get("SFTPWRAP_TELL_REASONS") === "1") printLine(reason);
  return { ignore: Deno.env.get("SFTPWRAP_NO_SKIP") !== "1", reason };
}

/**
 * Returns the absolute path of a program.
 *
 * @throws {Error} If it is not installed; the message names it.
 */
export function programPath(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`The program "${name}" is not installed`);
  return path;
}

/** Returns the absolute path of a program, or undefined if there is none. */
export function findProgram(name: string): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return [...folders, ...FURTHER_FOLDERS]
    .map((folder) => `${folder}/${name}`)
    .find((path) => isExecutable(path));
}

function isThere(need: string): boolean {
  if (need.startsWith("python:")) return hasPythonModule(need.slice("python:".length));
  if (need.startsWith("$")) return isExecutable(Deno.env.get(need.slice(1)) ?? "");
  if (need.startsWith("/")) return statOrNull(need) !== null;
  if (need.startsWith("[")) return hasAddress(need.slice(1, -1));
  return findProgram(need) !== undefined;
}

function hasPythonModule(name: string): boolean {
  const python = findProgram("python3");
  if (python === undefined) return false;
  const { success } = new Deno.Command(python, {
    args: ["-c", `import ${name}`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return success;
}

function hasAddress(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch (error) {
    // The address or its whole family is missing; systems report this in different ways.
    if (error instanceof Error) return false;
    throw error;
  }
}

function isExecutable(path: string): boolean {
  const info = statOrNull(path);
  return info !== null && info.isFile && ((info.mode ?? 0) & 0o111) !== 0;
}

function statOrNull(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}

/**
 * A folder of PATH may be missing, be a file, or be unreadable for this user: then it contains no
 * program.
 */
function isAbsence(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.PermissionDenied;
}
