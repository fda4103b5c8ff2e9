import type { Channel, DirectChannel } from "../client/channel.ts";
import { SftpClient } from "../client/client.ts";
import { ConnectionLostError } from "../client/errors.ts";
import { guarded } from "../policy/access.ts";
import { requestPolicy } from "../policy/requests.ts";
import { serve } from "../serve.ts";
import { type Log, LogLevel } from "../session/log.ts";
import type { SessionFacts } from "../session/observer.ts";
import { StorageError } from "../storage/errors.ts";
import { isDirectory } from "../attrs.ts";
import type { Connected } from "../storage/proxy/connection_options.ts";
import { ProxyStorage } from "../storage/proxy/proxy.ts";
import type { VirtualPath } from "../storage/storage.ts";
import { StartError } from "./errors.ts";
import { prepareProxyConfinement } from "./proxy_confinement.ts";
import { policiesOf } from "./policy_options.ts";
import type { ProxyCommandOptions } from "./proxy_options.ts";

/** Milliseconds for which the reason of an end is waited for. */
const LAST_WORDS = 500;

/** Serves the client from the far side, and returns the exit status. */
export async function serveFrom(
  connected: Connected,
  options: ProxyCommandOptions,
  { session, log }: { readonly session: SessionFacts; readonly log: Log },
): Promise<number> {
  const { description, closed } = connected;
  const confinement = prepareProxyConfinement(connected, {
    isIdle: () => client.connection.outstanding === 0,
  });
  const client = await greeted(connected, confinement.channel);
  closed.then((reason) => client.abort(new ConnectionLostError(reason)));
  const { root, umask, readOnly, deny, allow } = options;
  const storage = await refused(
    ProxyStorage.open(client, { description, root, umask }),
    `${description}: cannot use the root ${root}`,
  );
  const startDirectory = await startDirectoryOf(storage, options, description);
  openTimeZone();
  for (const { name, holds, text } of confinement.enter()) {
    log.write(LogLevel.INFO, `ring ${name} ${holds ? "holds" : "does not hold"}: ${text}`);
  }
  log.write(LogLevel.INFO, `connected to ${description}`);
  const requests = requestPolicy({ readOnly, deny, allow });
  const limited = guarded(storage, [...policiesOf(options.limits), { name: "requests", requests }]);
  return await serve(limited.storage, {
    log,
    policy: limited.policy,
    startDirectory,
    maxHandles: client.limits.maxOpenHandles || undefined,
    ...session,
    idleTimeout: options.idleTimeout,
    maxSession: options.maxSession,
    transport: confinement.transport,
    failed: storage.lost.then((reason) => `connection to ${description} lost: ${reason}`),
  });
}

/** Says hello; where that fails, the way there often knows more than the one who waited. */
async function greeted(
  { description, closed }: Connected,
  channel: Channel | DirectChannel,
): Promise<SftpClient> {
  try {
    return await SftpClient.connect(channel);
  } catch (error) {
    let reason = error instanceof Error ? error.message : String(error);
    if (error instanceof ConnectionLostError) reason = await lastWords(closed, reason);
    throw new StartError(`${description}: no SFTP server answered: ${reason}`);
  }
}

/** The reason of an end as the transport tells it, or, where it tells nothing soon, as it shows. */
async function lastWords(closed: Promise<string>, otherwise: string): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), LAST_WORDS);
  });
  const reason = await Promise.race([closed, late]);
  clearTimeout(timer);
  return reason;
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

/** The zone's file is read before the way to all files is closed. */
function openTimeZone(): void {
  new Date().getTimezoneOffset();
}
