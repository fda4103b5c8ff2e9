import { fileURLToPath } from "node:url";
import { SftpClient } from "../../../lib/client/client.ts";
import { type ProxyOptions, ProxyStorage } from "../../../lib/storage/proxy/proxy.ts";
import { jailWords } from "../../support/jail.ts";
import { pythonWith } from "../../clients/python.ts";
import { programPath } from "../../support/programs.ts";

/** A far side on the other end of two pipes, and the storage on it. */
export interface FarSide {
  readonly storage: ProxyStorage;
  readonly client: SftpClient;
  readonly process: Deno.ChildProcess;
  /** What the far side shows, or shows a part of. */
  readonly directory: string;
  /** Waits for its end, and takes its directory away. */
  dispose(): Promise<void>;
}

/** OpenSSH's own server, which shows everything there is. */
export async function withOpenSsh(options: ProxyOptions = {}): Promise<FarSide> {
  const directory = await Deno.makeTempDir();
  const command = [programPath("sftp-server"), "-e", "-l", "QUIET", "-d", directory];
  return await started(directory, command, options);
}

/** This program's jail, which shows a directory as `/`. */
export async function withJail(options: ProxyOptions = {}): Promise<FarSide> {
  const directory = await Deno.makeTempDir();
  return await started(directory, jailWords(directory), options);
}

/** A server of paramiko, whose REALPATH follows no link, and whose RENAME replaces what is there. */
export async function withLexical(options: ProxyOptions = {}): Promise<FarSide> {
  const directory = await Deno.makeTempDir();
  const script = fileURLToPath(new URL("../../support/lexical_server.py", import.meta.url));
  const command = [pythonWith("paramiko") ?? "python3", "-W", "ignore", script];
  return await started(directory, command, options);
}

/** A directory of OpenSSH's own server as the root. */
export async function withRoot(): Promise<FarSide> {
  return await withOpenSsh({ root: "." });
}

async function started(
  directory: string,
  [command = "", ...args]: readonly string[],
  options: ProxyOptions,
): Promise<FarSide> {
  const process = new Deno.Command(command, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const client = await SftpClient.connect({ readable: process.stdout, writable: process.stdin });
  const storage = await ProxyStorage.open(client, { description: "alice@far:22", ...options });
  return {
    storage,
    client,
    process,
    directory,
    async dispose() {
      await process.status;
      await Deno.remove(directory, { recursive: true });
    },
  };
}
