import { SftpClient } from "../client/client.ts";
import { ConnectionLostError } from "../client/errors.ts";
import { guarded } from "../policy/access.ts";
import { requestPolicy } from "../policy/requests.ts";
import { serve } from "../serve.ts";
import { type Log, LogLevel } from "../session/log.ts";
import type { SessionFacts } from "../session/observer.ts";
import { print, printError } from "../stdio.ts";
import { StorageError } from "../storage/errors.ts";
import { isDirectory } from "../attrs.ts";
import { connect } from "../storage/proxy/connect.ts";
import { type Connected, ConnectError } from "../storage/proxy/connection_options.ts";
import { ProxyStorage } from "../storage/proxy/proxy.ts";
import type { VirtualPath } from "../storage/storage.ts";
import { StartError } from "./errors.ts";
import { environment, identity, openTimeZone, sessionFacts } from "./host.ts";
import { openLog } from "./log_file.ts";
import { policiesOf } from "./policy_options.ts";
import { prepareRemoteConfinement } from "./remote_confinement.ts";
import { parseProxyOptions, type ProxyCommandOptions } from "./proxy_options.ts";
import { exposure, findSecret } from "./secrets.ts";
import { requireSftp } from "./sftp_only.ts";
import { withLogFile } from "./tokens.ts";

/** Milliseconds for which the reason of an end is waited for. */
const LAST_WORDS = 500;

/** Runs `sftpwrap proxy`, and returns its exit status. */
export async function proxyCommand(args: readonly string[]): Promise<number> {
  const parsed = parseProxyOptions(args);
  if ("print" in parsed) {
    print(parsed.print);
    return 0;
  }
  requireSftp({
    terminal: Deno.stdin.isTerminal(),
    command: environment("SSH_ORIGINAL_COMMAND"),
  });
  const who = identity();
  const options = withLogFile(parsed, who);
  const session = sessionFacts(who.user);
  const log = openLog(options, session);
  try {
    const connected = await connectTo(options, log);
    try {
      return await serveFrom(connected, options, { session, log });
    } finally {
      await connected.close();
    }
  } catch (error) {
    // sshd shows nobody what stands on standard error of an SFTP session, so the log tells it too.
    if (error instanceof StartError) log.write(LogLevel.ERROR, error.message);
    throw error;
  }
}

async function connectTo(options: ProxyCommandOptions, log: Log): Promise<Connected> {
  const { destination, passwordFile, passphraseFile, key, knownHosts } = options;
  const password = findSecret({
    what: "password",
    given: destination.password,
    file: passwordFile,
    variable: "SFTPWRAP_PASSWORD",
  });
  const passphrase = findSecret({
    what: "passphrase",
    file: passphraseFile,
    variable: "SFTPWRAP_PASSPHRASE",
  });
  for (const warning of warnings(options)) {
    printError(`sftpwrap: ${warning}\n`);
    log.write(LogLevel.ERROR, warning);
  }
  const { home, user } = identity();
  try {
    return await connect({
      ...options,
      host: destination.host,
      user: destination.user,
      port: destination.port,
      keys: key === undefined ? undefined : [key],
      knownHosts: knownHosts === undefined ? undefined : [knownHosts],
      password,
      passphrase,
      environment: { home, user, agentSocket: environment("SSH_AUTH_SOCK") },
      log: (level, line) => log.write(level, line),
    });
  } catch (error) {
    if (error instanceof ConnectError) throw new StartError(error.message);
    throw error;
  }
}

function* warnings(options: ProxyCommandOptions): Iterable<string> {
  const { destination, passwordFile, passphraseFile, verifyHost } = options;
  if (destination.password !== undefined) {
    yield "others on this machine can see a password on the command line: use --password-file";
  }
  for (const file of [passwordFile, passphraseFile]) {
    const reason = file === undefined ? undefined : exposure(file);
    if (reason !== undefined) yield reason;
  }
  if (verifyHost === "off") yield "the host's key is not verified: anybody may be in the middle";
}

async function serveFrom(
  connected: Connected,
  options: ProxyCommandOptions,
  { session, log }: { readonly session: SessionFacts; readonly log: Log },
): Promise<number> {
  const { description, closed } = connected;
  const client = await greeted(connected);
  closed.then((reason) => client.abort(new ConnectionLostError(reason)));
  const { root, umask, readOnly, deny, allow } = options;
  const storage = await refused(
    ProxyStorage.open(client, { description, root, umask }),
    `${description}: cannot use the root ${root}`,
  );
  const startDirectory = await startDirectoryOf(storage, options, description);
  openTimeZone();
  const confinement = prepareRemoteConfinement({
    keeps: { child: options.transport === "openssh" },
    activity: { isIdle: () => client.connection.outstanding === 0 },
  });
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
async function greeted({ channel, description, closed }: Connected): Promise<SftpClient> {
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
