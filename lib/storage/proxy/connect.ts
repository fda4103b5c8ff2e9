import type { AnyConnected, ConnectOptions } from "./connection_options.ts";
import { connectByOpenssh } from "./openssh_transport.ts";
import type { Agents, Ssh2 } from "./ssh2/ssh2.d.ts";

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
): Promise<AnyConnected> {
  if (options.transport === "openssh") {
    const connected = connectByOpenssh(options);
    meanwhile();
    return connected;
  }
  const { Ssh2Session } = await import("./ssh2/ssh2_session.ts");
  const session = await Ssh2Session.open(loadSsh2, { options, depth: 0, meanwhile });
  return await session.sftp();
}

/** Nobody pays for it who does not connect by it, and nobody for its server and its HTTP. */
async function loadSsh2(): Promise<Ssh2> {
  const { withPatchedCiphers } = await import("./ssh2/cipher_patch.ts");
  const { default: Client } = await withPatchedCiphers(() => import("ssh2/lib/client.js"));
  const { default: { parseKey } } = await import("ssh2/lib/protocol/keyParser.js");
  return { Client, parseKey, loadAgents };
}

async function loadAgents(): Promise<Agents> {
  return (await import("ssh2/lib/agent.js")).default;
}
