import type { Channel, DirectChannel } from "../../client/channel.ts";
import { SftpClient } from "../../client/client.ts";
import { ConnectionLostError } from "../../client/errors.ts";
import { serve } from "../../serve/serve.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import type { SessionFacts } from "../../session/observer.ts";
import { StorageError } from "../../storage/errors.ts";
import { isDirectory } from "../../attrs.ts";
import type { AnyConnected } from "../../storage/proxy/connection_options.ts";
import { ProxyStorage } from "../../storage/proxy/proxy.ts";
import type { VirtualPath } from "../../storage/storage.ts";
import { withTimeout } from "../../async/with_timeout.ts";
import { directStreams } from "../../transport/reactor/child_pipes.ts";
import { eagerOutput } from "../../transport/prompt_stdio.ts";
import { messageOf, StartError } from "../errors.ts";
import type { ProxyCommandOptions } from "./options.ts";
import { prepareRemoteConfinement } from "../start/remote_confinement.ts";
import { servingOf } from "../options/serving_options.ts";
import { enterConfinement } from "../start/start_log.ts";

/** Milliseconds for which the reason of an end is waited for. */
const END_REASON_TIMEOUT_MS = 2000;

/** Serves the client from the far side, and returns the exit status. */
export async function serveFrom(
  connected: AnyConnected,
  options: ProxyCommandOptions,
  { session, log }: { readonly session: SessionFacts; readonly log: Log },
): Promise<number> {
  const { description, closed, pid, channel: given } = connected;
  let channel = given;
  const confinement = prepareRemoteConfinement({
    keeps: { child: pid !== undefined },
    activity: { isIdle: () => client.connection.outstanding === 0 },
    streams(transport, libc) {
      if ("source" in given) return eagerOutput(transport);
      const direct = directStreams({ channel: given, pid }, transport, libc);
      if (direct !== undefined) channel = direct.channel;
      return direct?.transport;
    },
    onAlone() {
      log.write(
        LogLevel.ERROR,
        `the client has gone, and its session does not end: ${description} is left`,
      );
      connected.close();
    },
  });
  const client = await greeted(connected, channel);
  closed.then((reason) => client.abort(new ConnectionLostError(reason)));
  const { root, umask } = options;
  const storage = await refused(
    ProxyStorage.open(client, { description, root, umask }),
    `${description}: cannot use the root ${root}`,
  );
  const startDirectory = await startDirectoryOf(storage, options, description);
  const serving = await servingOf(options);
  // The first line opens a log that nobody has asked for, which later cannot be opened.
  log.write(LogLevel.INFO, `connected to ${description}`);
  enterConfinement(confinement, log);
  return await serve(storage, {
    log,
    ...serving,
    startDirectory,
    maxHandles: client.limits.maxOpenHandles || undefined,
    ...session,
    transport: confinement.transport,
    failed: storage.lost.then((reason) => `connection to ${description} lost: ${reason}`),
  });
}

/** Says hello; where that fails, the way there often knows more than the one who waited. */
async function greeted(
  { description, closed }: AnyConnected,
  channel: Channel | DirectChannel,
): Promise<SftpClient> {
  try {
    return await SftpClient.connect(channel);
  } catch (error) {
    let reason = messageOf(error);
    // The reason of the end as the transport tells it, or, where it tells nothing coalesce, as it shows.
    if (error instanceof ConnectionLostError) {
      reason = await withTimeout(closed, END_REASON_TIMEOUT_MS, reason);
    }
    throw new StartError(`${description}: no SFTP server answered: ${reason}`);
  }
}

/** Where the session starts: where the far side has it, or in a directory that is asked for. */
async function startDirectoryOf(
  storage: ProxyStorage,
  { startDirectory }: ProxyCommandOptions,
  description: string,
): Promise<VirtualPath> {
  const what = `${description}: cannot start in ${startDirectory ?? "the home directory"}`;
  const home = await refused(storage.startDirectory(), what);
  if (startDirectory === undefined) return home;
  const wanted = startDirectory.startsWith("/") ? startDirectory : `${home}/${startDirectory}`;
  if (!isDirectory(await refused(storage.stat(wanted), what))) {
    throw new StartError(`${what}: not a directory`);
  }
  return await refused(storage.realPath(wanted), what);
}

async function refused<T>(answer: Promise<T>, what: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StorageError) throw new StartError(`${what}: ${reasonOf(error)}`);
    throw error;
  }
}

function reasonOf({ message, code }: StorageError): string {
  return message === "" ? code : message;
}
