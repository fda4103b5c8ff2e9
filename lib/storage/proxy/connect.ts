import type { Connected, ConnectOptions } from "./connection_options.ts";
import { connectByOpenssh } from "./openssh.ts";

/**
 * Connects to the SFTP subsystem of a host.
 *
 * @throws {ConnectError} If there is no connection: one line, with the step that failed.
 */
export async function connect(options: ConnectOptions): Promise<Connected> {
  if (options.transport === "openssh") return connectByOpenssh(options);
  const { connectBySsh2 } = await import("./ssh2/connect_ssh2.ts");
  return await connectBySsh2(options);
}
