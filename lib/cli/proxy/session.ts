import type { AtomicOptions } from "../../atomic/atomic.ts";
import type { Channel } from "../../client/channel.ts";
import type { SftpClient } from "../../client/client.ts";
import { serve } from "../../serve/serve.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import type { SessionFacts } from "../../session/observer.ts";
import { StorageError } from "../../storage/errors.ts";
import { isDirectory } from "../../attrs.ts";
import type { Connected } from "../../storage/proxy/connection_options.ts";
import { greet } from "../../storage/proxy/greet.ts";
import { ProxyStorage } from "../../storage/proxy/proxy.ts";
import type { Storage, VirtualPath } from "../../storage/storage.ts";
import { type DirectStreams, directStreams } from "../../transport/reactor/child_pipes.ts";
import { eagerOutput } from "../../transport/prompt_stdio.ts";
import type { Transport } from "../../transport/stdio.ts";
import { StartError } from "../errors.ts";
import type { ProxyCommandOptions } from "./options.ts";
import { prepareRemoteConfinement, type RemoteConfinement } from "../start/remote_confinement.ts";
import type { Identity } from "../start/host.ts";
import { servingOf } from "../options/serving_options.ts";
import type { Attendance } from "../options/session_limits.ts";
import { enterConfinement } from "../start/start_log.ts";

/** Serves the client from the far side, and returns the exit status. */
export async function serveFrom(
  connected: Connected,
  options: ProxyCommandOptions,
  { who, session, log, attendance }: {
    readonly who: Identity;
    readonly session: SessionFacts;
    readonly log: Log;
    readonly attendance: Attendance;
  },
): Promise<number> {
  const { channel, description } = connected;
  const isChild = !("source" in channel);
  const { hooks: plan, logUser, logHash } = options;
  const hooks = plan && (await import("../hooks/session.ts"))
    .startHooks(plan, { session, logUser, logHash, directory: undefined, who, log });
  const { drops, beforePublish } = hooks ?? {};
  const confinement = prepareRemoteConfinement({ child: isChild, drops }, () => {
    log.write(
      LogLevel.ERROR,
      `the client has gone, and its session does not end: ${description} is left`,
    );
    connected.close();
  });
  const pipes = isChild ? takenOver(channel, confinement) : undefined;
  const client = await greet({ ...connected, channel: pipes?.channel ?? channel });
  const { root, umask } = options;
  const storage = await refused(
    ProxyStorage.open(client, { description, root, umask }),
    `${description}: cannot use the root ${root}`,
  );
  const startDirectory = await startDirectoryOf(storage, options, description);
  const served = await servedFrom(storage, { ...options, beforePublish }, log);
  const serving = servingOf(options, attendance);
  log.write(LogLevel.INFO, `connected to ${description}`);
  enterConfinement(confinement, log);
  return await serve(served, {
    log,
    ...serving,
    ...hooks?.serving,
    startDirectory,
    maxHandles: client.limits.maxOpenHandles || undefined,
    ...session,
    serves: { proxy: description },
    transport: pipes?.transport ?? clientSide(client, confinement, isChild),
    failed: storage.lost.then((reason) => `connection to ${description} lost: ${reason}`),
  });
}

async function servedFrom(
  storage: ProxyStorage,
  { uploads, beforePublish }: ProxyCommandOptions & Pick<AtomicOptions, "beforePublish">,
  log: Log,
): Promise<Storage> {
  if (!uploads.atomic) return storage;
  const { withAtomicUploads } = await import("../start/atomic_uploads.ts");
  return withAtomicUploads(storage, { ...uploads, beforePublish }, log);
}

/** The pipes of a child process and the client's streams, moved by one reactor if possible. */
function takenOver(
  channel: Channel,
  { transport, libc }: RemoteConfinement,
): DirectStreams | undefined {
  return libc === undefined ? undefined : directStreams(channel, transport, libc);
}

/** The client's streams, if they are not moved together with those of the far side. */
function clientSide(
  { connection }: SftpClient,
  confinement: RemoteConfinement,
  isChild: boolean,
): Transport {
  return isChild
    ? confinement.prompt({ isIdle: () => connection.outstanding === 0 })
    : eagerOutput(confinement.transport) ?? confinement.transport;
}

/** Where the session starts: in the given directory, or where the far side starts it. */
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
