import { LineLog, type LineSink } from "../audit/line_log.ts";
import { requestPolicy } from "../policy/requests.ts";
import { serve } from "../serve.ts";
import { type Log, LogLevel } from "../session/log.ts";
import { print, printError } from "../stdio.ts";
import { StorageError } from "../storage/errors.ts";
import { JailStorage } from "../storage/local/jail.ts";
import { PortableRoot } from "../storage/local/root_portable.ts";
import { virtualPath } from "../storage/path.ts";
import type { VirtualPath } from "../storage/storage.ts";
import { isDirectory } from "../attrs.ts";
import { StartError } from "./errors.ts";
import { accounts, clientAddress, environment, granted, identity } from "./host.ts";
import { realDirectory, wayOut } from "./jail_directory.ts";
import { type JailOptions, parseJailOptions } from "./jail_options.ts";
import { mayStatfs, maySymlink, missingPermissions } from "./missing.ts";
import { requireSftp } from "./sftp_only.ts";
import { expandTokens } from "./tokens.ts";

const LOG_MODE = 0o600;

/** Runs `sftpwrap jail`, and returns its exit status. */
export async function jailCommand(args: readonly string[]): Promise<number> {
  const options = parseJailOptions(args);
  if ("print" in options) {
    print(options.print);
    return 0;
  }
  requireSftp({
    terminal: Deno.stdin.isTerminal(),
    command: options.command ?? environment("SSH_ORIGINAL_COMMAND"),
  });
  const who = identity();
  const directory = realDirectory(expandTokens(options.directory, who));
  refuseWayOut(directory, options, who.home);
  applyUmask(options.umask);
  const log = openLog(options);
  const readOnly = options.readOnly || !granted({ name: "write", path: directory });
  const rights = { symlink: maySymlink(), statfs: mayStatfs() };
  const storage = new JailStorage(new PortableRoot(directory, rights), accounts());
  for (const line of missingPermissions()) log.write(LogLevel.INFO, line);
  if (readOnly && !options.readOnly) {
    log.write(LogLevel.INFO, "running without the permission to write: read-only");
  }
  return await serve(storage, {
    log,
    policy: requestPolicy({ readOnly, deny: options.deny, allow: options.allow }),
    startDirectory: startDirectory(storage, expandTokens(options.startDirectory ?? "/", who), log),
    user: who.user,
    client: clientAddress(),
  });
}

function refuseWayOut(directory: string, options: JailOptions, home: string | undefined): void {
  if (options.allowHome) return;
  const reason = wayOut(directory, { home, logFile: options.logFile });
  if (reason !== undefined) {
    throw new StartError(`${directory} is no safe jail: ${reason} (--allow-home overrides)`);
  }
}

function applyUmask(mask: number | undefined): void {
  if (mask === undefined) return;
  if (!granted({ name: "sys" })) throw new StartError("-u needs the permission --allow-sys");
  Deno.umask(mask);
}

function openLog(options: JailOptions): Log {
  const sinks: LineSink[] = [];
  if (options.logFile !== undefined) sinks.push(fileSink(options.logFile));
  if (options.logToStderr) sinks.push((line) => Deno.stderr.writeSync(line));
  const level = sinks.length === 0 ? LogLevel.QUIET : options.logLevel;
  return new LineLog(level, sinks, (error) => {
    printError(`sftpwrap: the log cannot be written: ${String(error)}\n`);
  });
}

/** Appends in whole lines, so that many sessions can share one file. */
function fileSink(path: string): LineSink {
  try {
    const file = Deno.openSync(path, { append: true, create: true, mode: LOG_MODE });
    return (line) => file.writeSync(line);
  } catch (error) {
    throw new StartError(`cannot open the log ${path}: ${String(error)}`);
  }
}

/** As OpenSSH: where the start directory cannot be entered, the session starts at the root. */
function startDirectory(storage: JailStorage, wanted: string, log: Log): VirtualPath {
  const path = virtualPath(wanted, { start: "/", keepParents: true });
  try {
    if (isDirectory(storage.stat(path))) return storage.realPath(path);
    log.write(LogLevel.ERROR, `start directory "${wanted}" is not a directory`);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.write(LogLevel.ERROR, `start directory "${wanted}": ${error.message}`);
  }
  return "/";
}
