import type { Connected, ConnectOptions } from "./connection_options.ts";
import { connectByOpenssh } from "./openssh.ts";

/**
 * Connects to the SFTP subsystem of a host.
 *
 * @param meanwhile What else there is to begin while the other side has to be waited for. It never
 *   fails, and may be called more than once.
 * @throws {ConnectError} If there is no way to it: one line, with the step that failed.
 */
export async function connect(
  options: ConnectOptions,
  meanwhile: () => void = () => {},
): Promise<Connected> {
  if (options.transport === "openssh") {
    const connected = connectByOpenssh(options);
    meanwhile();
    return connected;
  }
  const { connectBySsh2 } = await import("./ssh2/connect_ssh2.ts");
  return await connectBySsh2(options, meanwhile);
}
