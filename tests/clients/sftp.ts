import { run, type RunResult } from "../support/run.ts";
import type { Reached } from "./ways.ts";

/** What sftp must know about a server. */
type Place = Pick<Reached, "local" | "sftpArgs">;

/**
 * Runs a batch of OpenSSH's sftp in the local directory of a test. It stops at the first command
 * that fails, unless the command begins with `-`.
 */
export async function sftp(
  { sftpArgs, local }: Place,
  commands: readonly string[],
  options: readonly string[] = [],
): Promise<RunResult> {
  return await run("sftp", ["-b", "-", ...options, ...sftpArgs], {
    input: commands.map((command) => command + "\n").join(""),
    cwd: local,
  });
}

/** As {@linkcode sftp}, for a batch that must succeed; returns what sftp printed. */
export async function sftpOk(
  reached: Place,
  commands: readonly string[],
  options: readonly string[] = [],
): Promise<string> {
  const { code, stdout, stderr } = await sftp(reached, commands, options);
  if (code !== 0 || stderr !== "") {
    throw new Error(`sftp: exit status ${code}\n--- stdout\n${stdout}--- stderr\n${stderr}`);
  }
  return stdout;
}
