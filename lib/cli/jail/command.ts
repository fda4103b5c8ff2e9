import type { AtomicOptions } from "../../atomic/atomic.ts";
import { granted } from "../../permissions.ts";
import { serve } from "../../serve/serve.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import type { SessionFacts } from "../../session/observer.ts";
import { readAccounts } from "../../storage/local/accounts.ts";
import { openLibcIfAllowed } from "../../linux/libc.ts";
import { JailStorage } from "../../storage/local/jail.ts";
import type { Root } from "../../storage/local/root.ts";
import type { Storage } from "../../storage/storage.ts";
import { prepareConfinement } from "../start/confinement.ts";
import { StartError } from "../errors.ts";
import { attend } from "../sessions/attend.ts";
import { howStarted, type Identity, identity, sessionFacts } from "../start/host.ts";
import { logWithin, realDirectory } from "./directory.ts";
import { type JailOptions, jailSpec, parseJailOptions } from "./options.ts";
import { openLog } from "../start/open_log.ts";
import { missingPermissions } from "../start/missing_permissions.ts";
import { servingOf } from "../options/serving_options.ts";
import { awaitSftp, requireSftp, type Start, warnIfUnforced } from "../start/require_sftp.ts";
import { startDirectory } from "../start/start_directory.ts";
import { enterConfinement, reportAndRethrow } from "../start/start_log.ts";
import { runSubcommand } from "../subcommand.ts";
import type { LimitedStorage } from "../start/quota.ts";
import { expandTokens, withLogFile } from "../options/tokens.ts";
import { wayOut } from "./ways_out.ts";

export { reportFailedStart } from "../start/failed_start.ts";

/** Runs `sftpwrap jail`, and returns its exit status. */
export async function jailCommand(args: readonly string[]): Promise<number> {
  return await runSubcommand(args, { spec: jailSpec, parse: parseJailOptions, run, help });
}

async function help({ hooks }: JailOptions): Promise<number> {
  return await (await import("../hooks/helper_process.ts")).help(hooks);
}

async function run(parsed: JailOptions): Promise<number> {
  if (parsed.check) return await (await import("../doctor/jail.ts")).checkJail(parsed);
  const who = identity();
  const options = withLogFile(parsed, who);
  const start = howStarted(options.command);
  requireSftp(start);
  const session = sessionFacts(who.user);
  const open = () => openLog(options, session);
  const directory = await reportAndRethrow(open, () => directoryOf(options, who));
  refuse(directory, options, logWithin(directory, options.logFile));
  const log = open();
  return await reportAndRethrow(() => log, () => {
    refuse(directory, options, wayOut(directory, who, options.readOnly));
    return serveJail(directory, options, { who, session, log, start });
  });
}

function directoryOf(options: JailOptions, who: Identity): string {
  return realDirectory(expandTokens(options.directory, who));
}

async function serveJail(
  directory: string,
  options: JailOptions,
  { who, session, log, start }: {
    readonly who: Identity;
    readonly session: SessionFacts;
    readonly log: Log;
    readonly start: Start;
  },
): Promise<number> {
  // Without the permission to write the jail is read-only, whatever the options say.
  const readOnly = options.readOnly || !granted({ name: "write", path: directory });
  const serves = { jail: directory };
  const attendance = await attend(options, { who, session, serves, jail: directory });
  const serving = servingOf({ ...options, readOnly }, attendance);
  const { hooks: plan, logUser, logHash, confine: mode } = options;
  const hooks = plan && (await import("../hooks/session.ts"))
    .startHooks(plan, { session, logUser, logHash, directory, who, log });
  const { drops, beforePublish } = hooks ?? {};
  const confinement = await prepareConfinement({ directory, mode, readOnly, drops });
  if (options.umask !== undefined) confinement.umask(options.umask);
  const jail = await jailStorage(confinement.root, { ...options, readOnly });
  const underQuota = await limited(jail, directory, options, { who, log });
  const uploads = { ...options, readOnly, beforePublish };
  const storage = await atomicStorage(underQuota.storage, uploads, log);
  const wanted = expandTokens(options.startDirectory ?? "/", who);
  const place = await startDirectory(storage, wanted, log);
  if (log.level >= LogLevel.INFO) {
    for (const line of missingPermissions(confinement.root)) log.write(LogLevel.INFO, line);
  }
  if (readOnly !== options.readOnly) {
    log.write(LogLevel.INFO, "running without the permission to write: read-only");
  }
  enterConfinement(confinement, log);
  awaitSftp(start);
  warnIfUnforced(start, log);
  return await serve(storage, {
    log,
    ...serving,
    ...hooks?.serving,
    startDirectory: place,
    ...session,
    serves,
    background: underQuota.background,
    transport: confinement.transport,
    maxHandles: confinement.maxHandles,
  });
}

/** The storage under its quota, whose modules only a session with one loads. */
async function limited(
  storage: Storage,
  jail: string,
  { quota, stateDirectory }: JailOptions,
  { who, log }: { readonly who: Identity; readonly log: Log },
): Promise<LimitedStorage> {
  if (quota === undefined) return { storage, background: undefined };
  const { withQuota } = await import("../start/quota.ts");
  const stateDir = stateDirectory && expandTokens(stateDirectory, who);
  return await withQuota(storage, quota, { place: { jail, stateDir, home: who.home }, log });
}

/** A jail that can help with drafts, if uploads are atomic. */
async function jailStorage(root: Root, { readOnly, uploads }: JailOptions): Promise<JailStorage> {
  const libc = openLibcIfAllowed();
  const accounts = readAccounts(libc);
  if (readOnly || !uploads.atomic) return new JailStorage(root, accounts);
  const { jailDrafts } = await import("../../storage/local/drafts.ts");
  return new JailStorage(root, accounts, () => jailDrafts(root, libc));
}

async function atomicStorage(
  storage: Storage,
  { readOnly, uploads, beforePublish }: JailOptions & Pick<AtomicOptions, "beforePublish">,
  log: Log,
): Promise<Storage> {
  if (readOnly || !uploads.atomic) return storage;
  const { withAtomicUploads } = await import("../start/atomic_uploads.ts");
  return withAtomicUploads(storage, { ...uploads, beforePublish }, log);
}

function refuse(directory: string, options: JailOptions, reason: string | undefined): void {
  if (options.allowHome || reason === undefined) return;
  throw new StartError(`${directory} is not a safe jail: ${reason} (--allow-home overrides)`);
}
