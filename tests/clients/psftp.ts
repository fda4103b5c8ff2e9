/**
 * Runs PuTTY's psftp as a test needs it.
 *
 * @module
 */

import { run, runOk, type RunResult } from "../support/run.ts";
import type { Served } from "./ways.ts";

/** The programs that {@linkcode psftp} starts. */
export const PSFTP_PROGRAMS: readonly string[] = ["psftp", "puttygen"];

/** Runs a batch of psftp in the local directory; it stops at the first command that fails. */
export async function psftp(
  { base, local, sshd }: Served,
  commands: readonly string[],
): Promise<RunResult> {
  const own = await Deno.makeTempDir({ dir: base });
  // PuTTY keeps a file of random numbers in the home directory.
  const env = { HOME: own };
  const key = `${own}/key.ppk`;
  await runOk("puttygen", [sshd.clientKey, "-o", key, "-O", "private"], { env });
  const [, fingerprint] = (await runOk("ssh-keygen", ["-l", "-f", `${sshd.hostKeys[0]}.pub`]))
    .split(" ");
  await Deno.writeTextFile(`${own}/batch`, commands.join("\n") + "\n");
  const args = [
    ...["-batch", "-noagent", "-i", key, "-P", String(sshd.port), "-hostkey", fingerprint ?? ""],
    ...["-b", `${own}/batch`, `${sshd.user}@${sshd.host}`],
  ];
  return await run("psftp", args, { cwd: local, env });
}

/** As {@linkcode psftp}, for a batch that must succeed; returns what psftp printed. */
export async function psftpOk(served: Served, commands: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await psftp(served, commands);
  if (code !== 0) throw new Error(`psftp: exit status ${code}\n${stdout}\n${stderr}`);
  return stdout;
}
