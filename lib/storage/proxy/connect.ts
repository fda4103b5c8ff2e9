import { type Connected, type ConnectOptions } from "./connection_options.ts";
import type ssh2Module from "./ssh2.d.ts";

/**
 * Connects to the SFTP subsystem of a host.
 *
 * @throws {ConnectError} If there is no way to it: one line, with the step that failed.
 */
export async function connect(options: ConnectOptions): Promise<Connected> {
  if (options.transport === "openssh") {
    const { connectByOpenssh } = await import("./openssh_transport.ts");
    return await connectByOpenssh(options);
  }
  const { Ssh2Session } = await import("./ssh2_session.ts");
  // Nobody pays for it who does not connect by it.
  const { default: ssh2 }: { default: typeof ssh2Module } = await import("ssh2");
  const session = await Ssh2Session.open(ssh2, { options, depth: 0 });
  return await session.sftp();
}
