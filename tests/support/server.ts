import { SftpClient } from "../../lib/client/client.ts";

/** Where to start a server. */
export interface ServerOptions {
  /** Its working directory. */
  readonly cwd?: string | undefined;
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A server on the other end of two pipes, and a client of it. */
export interface RunningServer extends AsyncDisposable {
  readonly client: SftpClient;
  readonly process: Deno.ChildProcess;
  /**
   * Hangs up and waits for the server's end.
   *
   * @returns How it ended, and what it wrote to standard error.
   */
  stop(): Promise<{ readonly status: Deno.CommandStatus; readonly stderr: string }>;
}

/**
 * Starts an SFTP server that speaks on standard input and output, and connects to it.
 *
 * ```ts
 * await using server = await startServer("/usr/lib/openssh/sftp-server", ["-e"]);
 * await server.client.stat("/");
 * ```
 *
 * @throws {Error} If it is not such a server; the message contains its standard error.
 */
export async function startServer(
  command: string,
  args: readonly string[] = [],
  options: ServerOptions = {},
): Promise<RunningServer> {
  const process = new Deno.Command(command, {
    args: [...args],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = new Response(process.stderr).text();
  const client = await connect(process, said);
  let stopped: ReturnType<RunningServer["stop"]> | undefined;
  async function end() {
    await client.close();
    const [status, stderr] = await Promise.all([process.status, said]);
    return { status, stderr };
  }
  const stop = () => stopped ??= end();
  return {
    client,
    process,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

async function connect(process: Deno.ChildProcess, said: Promise<string>): Promise<SftpClient> {
  try {
    return await SftpClient.connect({ readable: process.stdout, writable: process.stdin });
  } catch (error) {
    process.kill();
    await process.status;
    throw new Error(`no SFTP server answered; on standard error: ${await said}`, { cause: error });
  }
}
