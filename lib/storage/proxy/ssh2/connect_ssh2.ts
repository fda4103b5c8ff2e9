import type { Connected, ConnectOptions } from "../connection_options.ts";
import { withPatchedCiphers } from "./cipher_patch.ts";
import type { Agents, Ssh2 } from "./ssh2.d.ts";
import { Ssh2Session } from "./ssh2_session.ts";

/**
 * Connects by ssh2, which is part of this program: no other program runs.
 *
 * @throws {ConnectError} If there is no connection, or the host has no SFTP subsystem.
 */
export async function connectBySsh2(options: ConnectOptions): Promise<Connected> {
  const session = await Ssh2Session.open(loadSsh2, { options, depth: 0 });
  return await session.sftp();
}

/** Loads the client and what reads keys, but not ssh2's server and HTTP agents. */
async function loadSsh2(): Promise<Ssh2> {
  const { default: Client } = await withPatchedCiphers(() => import("ssh2/lib/client.js"));
  const { default: { parseKey } } = await import("ssh2/lib/protocol/keyParser.js");
  return { Client, parseKey, loadAgents };
}

async function loadAgents(): Promise<Agents> {
  return (await import("ssh2/lib/agent.js")).default;
}
