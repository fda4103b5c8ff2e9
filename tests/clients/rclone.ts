import { run, runOk, type RunResult } from "../support/run.ts";
import type { Served } from "./ways.ts";

/** What rclone must know about a server. */
type Place = Pick<Served, "base" | "local" | "sshd">;

/** Runs rclone in the local directory of a test; the server is `:sftp:`. */
export async function rclone(served: Place, args: readonly string[]): Promise<string> {
  const env = { HOME: served.base };
  return await runOk("rclone", rcloneArgs(served, args), { cwd: served.local, env });
}

/** As {@linkcode rclone}, for a run that may fail. */
export async function rcloneResult(served: Place, args: readonly string[]): Promise<RunResult> {
  const env = { HOME: served.base };
  return await run("rclone", rcloneArgs(served, args), { cwd: served.local, env });
}

function rcloneArgs({ sshd }: Place, args: readonly string[]): string[] {
  return [
    "--config",
    "/dev/null",
    "--retries",
    "1",
    "--low-level-retries",
    "2",
    ...["--sftp-host", sshd.host, "--sftp-port", String(sshd.port), "--sftp-user", sshd.user],
    ...["--sftp-key-file", sshd.clientKey, "--sftp-known-hosts-file", sshd.knownHosts],
    ...args,
  ];
}
