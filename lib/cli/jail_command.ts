import { serve } from "../serve.ts";
import { type Log, LogLevel } from "../session/log.ts";
import type { SessionFacts } from "../session/observer.ts";
import { print } from "../stdio.ts";
import { readAccounts } from "../storage/local/accounts.ts";
import { JailStorage } from "../storage/local/jail.ts";
import { prepareConfinement } from "./confinement.ts";
import { orTold, StartError } from "./errors.ts";
import {
  environment,
  granted,
  type Identity,
  identity,
  openTimeZone,
  sessionFacts,
} from "./host.ts";
import { logWithin, realDirectory, wayOut } from "./jail_directory.ts";
import { type JailOptions, parseJailOptions } from "./jail_options.ts";
import { openLog } from "./log_file.ts";
import { missingPermissions } from "./missing.ts";
import { servingOf } from "./serving_options.ts";
import { requireSftp } from "./sftp_only.ts";
import { startDirectory } from "./start_directory.ts";
import { expandTokens, withLogFile } from "./tokens.ts";

/** Runs `sftpwrap jail`, and returns its exit status. */
export async function jailCommand(args: readonly string[]): Promise<number> {
  return await orTold("usage: sftpwrap jail [options] DIR", () => run(args));
}

async function run(args: readonly string[]): Promise<number> {
  const parsed = parseJailOptions(args);
  if ("print" in parsed) {
    print(parsed.print);
    return 0;
  }
  const who = identity();
  const options = withLogFile(parsed, who);
  if (options.check) {
    const { checkJail } = await import("./jail_check.ts");
    return await checkJail(directoryOf(options, who), options, who);
  }
  requireSftp({
    terminal: Deno.stdin.isTerminal(),
    command: options.command ?? environment("SSH_ORIGINAL_COMMAND"),
  });
  const session = sessionFacts(who.user);
  const directory = logged(options, session, () => directoryOf(options, who));
  refuse(directory, options, logWithin(directory, options.logFile));
  const log = openLog(options, session);
  try {
    refuse(directory, options, wayOut(directory, who.home));
    return await serveJail(directory, options, { who, session, log });
  } catch (error) {
    if (error instanceof StartError) log.write(LogLevel.ERROR, error.message);
    throw error;
  }
}

function directoryOf(options: JailOptions, who: Identity): string {
  return realDirectory(expandTokens(options.directory, who));
}

/** sshd shows nobody what stands on standard error of an SFTP session, so the log tells it too. */
function logged<T>(options: JailOptions, session: SessionFacts, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof StartError) openLog(options, session).write(LogLevel.ERROR, error.message);
    throw error;
  }
}

async function serveJail(
  directory: string,
  options: JailOptions,
  { who, session, log }: {
    readonly who: Identity;
    readonly session: SessionFacts;
    readonly log: Log;
  },
): Promise<number> {
  // Without the permission to write it is a read-only jail, whatever was asked for.
  const readOnly = options.readOnly || !granted({ name: "write", path: directory });
  const serving = await servingOf({ ...options, readOnly });
  const confinement = await prepareConfinement({ directory, mode: options.confine, readOnly });
  if (options.umask !== undefined) confinement.umask(options.umask);
  const storage = new JailStorage(confinement.root, readAccounts());
  const start = await startDirectory(
    storage,
    expandTokens(options.startDirectory ?? "/", who),
    log,
  );
  if (log.level >= LogLevel.INFO) {
    for (const line of missingPermissions()) log.write(LogLevel.INFO, line);
  }
  if (readOnly !== options.readOnly) {
    log.write(LogLevel.INFO, "running without the permission to write: read-only");
  }
  openTimeZone();
  for (const { name, holds, text } of confinement.enter()) {
    log.write(LogLevel.INFO, `ring ${name} ${holds ? "holds" : "does not hold"}: ${text}`);
  }
  return await serve(storage, {
    log,
    ...serving,
    startDirectory: start,
    ...session,
    transport: confinement.transport,
  });
}

function refuse(directory: string, options: JailOptions, reason: string | undefined): void {
  if (options.allowHome || reason === undefined) return;
  throw new StartError(`${directory} is no safe jail: ${reason} (--allow-home overrides)`);
}
