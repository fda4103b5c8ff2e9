import { assertEquals, assertRejects } from "@std/assert";
import { SftpClient } from "../../../../lib/client/client.ts";
import { connect } from "../../../../lib/storage/proxy/connect.ts";
import {
  ConnectError,
  type ConnectOptions,
} from "../../../../lib/storage/proxy/connection_options.ts";
import type { Sshd } from "../../../support/sshd.ts";
import { recorded } from "./options.ts";

/** The options of a connection to a server by its address. */
export function direct(sshd: Sshd, more: Partial<ConnectOptions> = {}): ConnectOptions {
  return recorded({
    host: sshd.host,
    port: sshd.port,
    user: sshd.user,
    keys: [sshd.clientKey],
    knownHosts: [sshd.knownHosts],
    verifyHost: "strict",
    ...more,
  }).options;
}

/** Connects, says hello to the SFTP server, and takes leave. */
export async function greet(options: ConnectOptions): Promise<void> {
  const connected = await connect(options);
  const client = await SftpClient.connect(connected.channel);
  await client.close();
  await connected.close();
}

/** Why there is no connection, which is told in one line. */
export async function refusal(options: ConnectOptions): Promise<ConnectError> {
  const error = await assertRejects(() => connect(options), ConnectError);
  assertEquals(error.message.includes("\n"), false, error.message);
  return error;
}
