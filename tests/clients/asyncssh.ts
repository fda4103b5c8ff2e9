import { fileURLToPath } from "node:url";
import { pythonWith } from "./python.ts";
import { withTempDir } from "../support/files.ts";
import { runOk } from "../support/run.ts";
import { makeKey } from "../support/sshd_trust.ts";

/** An SSH server of asyncssh that listens, for one key. */
export interface AsyncsshServer {
  readonly port: number;
  readonly user: string;
  readonly clientKey: string;
  readonly knownHosts: string;
  /** An ssh_config with everything needed to connect to `box`. */
  readonly sshConfig: string;
  /** A directory for whatever else the test keeps there. */
  readonly directory: string;
}

/** Runs `use` with asyncssh's own SFTP server on a free port of the loopback. */
export async function withAsyncssh(use: (server: AsyncsshServer) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const [hostKey, clientKey] = [`${directory}/host_key`, `${directory}/client_key`];
    await makeKey(hostKey, "ed25519");
    await makeKey(clientKey, "ed25519");
    const script = fileURLToPath(new URL("asyncssh_server.py", import.meta.url));
    const process = new Deno.Command(pythonWith("asyncssh") ?? "python3", {
      args: ["-W", "ignore", script, hostKey, `${clientKey}.pub`],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const output = process.stdout.getReader();
    try {
      const { value } = await output.read();
      const port = Number(new TextDecoder().decode(value));
      const user = (await runOk("id", ["-un"])).trim();
      const [knownHosts, sshConfig] = [`${directory}/known_hosts`, `${directory}/ssh_config`];
      const key = await Deno.readTextFile(`${hostKey}.pub`);
      await Deno.writeTextFile(knownHosts, `[127.0.0.1]:${port} ${key}`);
      const lines = [
        "Host box",
        "HostName 127.0.0.1",
        `Port ${port}`,
        `User ${user}`,
        `IdentityFile "${clientKey}"`,
        "IdentitiesOnly yes",
        `UserKnownHostsFile "${knownHosts}"`,
        "GlobalKnownHostsFile /dev/null",
      ];
      await Deno.writeTextFile(sshConfig, lines.join("\n") + "\n");
      await use({ port, user, clientKey, knownHosts, sshConfig, directory });
    } finally {
      process.kill("SIGKILL");
      await output.cancel();
      await process.status;
    }
  });
}
