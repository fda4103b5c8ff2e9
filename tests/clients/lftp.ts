/**
 * Runs lftp as a test needs it.
 *
 * @module
 */

import { commandLine, run, type RunResult } from "../support/run.ts";
import type { Served } from "./ways.ts";

/** Runs commands of lftp in the local directory; it stops at the first one that fails. */
export async function lftp(
  { base, local, sshd }: Served,
  commands: readonly string[],
): Promise<RunResult> {
  // lftp appends host, user and `-s sftp` to the program.
  const connect = commandLine(["ssh", "-a", "-x", "-F", sshd.sshConfig]);
  const script = [
    "set cmd:fail-exit yes",
    "set net:max-retries 1",
    "set sftp:auto-confirm no",
    `set sftp:connect-program "${connect}"`,
    `open sftp://${sshd.user}:@${sshd.alias}`,
    ...commands,
  ];
  const file = await Deno.makeTempFile({ dir: base });
  await Deno.writeTextFile(file, script.join("\n") + "\n");
  const env = { HOME: base, LFTP_HOME: `${base}/lftp`, LFTP_PASSWORD: "" };
  return await run("lftp", ["-f", file], { cwd: local, env });
}

/** As {@linkcode lftp}, for commands that must succeed; returns what lftp printed. */
export async function lftpOk(served: Served, commands: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await lftp(served, commands);
  if (code !== 0) throw new Error(`lftp: exit status ${code}\n${stdout}\n${stderr}`);
  return stdout;
}
