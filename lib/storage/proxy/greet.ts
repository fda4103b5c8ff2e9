import { messageOf } from "../../message_of.ts";
import { SftpClient } from "../../client/client.ts";
import { ConnectionLostError } from "../../client/errors.ts";
import { withTimeout } from "../../async/with_timeout.ts";
import { type Connected, ConnectError } from "./connection_options.ts";

/** Milliseconds to wait for the reason of an end. */
const END_REASON_TIMEOUT_MS = 2000;

/**
 * Begins to speak SFTP on a connection. When the connection ends, the client's requests fail with
 * its reason.
 *
 * @throws {ConnectError} If no SFTP server answers: one line.
 */
export async function greet({ channel, description, closed }: Connected): Promise<SftpClient> {
  let client: SftpClient;
  try {
    client = await SftpClient.connect(channel);
  } catch (error) {
    let reason = messageOf(error);
    // The transport often knows more: the exit status of a server, or ssh's own words.
    if (error instanceof ConnectionLostError) {
      reason = await withTimeout(closed, END_REASON_TIMEOUT_MS, reason);
    }
    throw new ConnectError(`${description}: no SFTP server answered: ${reason}`, { cause: error });
  }
  closed.then((reason) => client.abort(new ConnectionLostError(reason)));
  return client;
}
