import { escapeControls } from "../../audit/log_text.ts";
import { type Libc, openLibc } from "../../linux/libc.ts";
import { messageOf } from "../../message_of.ts";
import { StorageError } from "../../storage/errors.ts";
import { print, printError } from "../../transport/stdio.ts";
import { StartError } from "../errors.ts";
import { textInProc } from "../jail/containment.ts";
import { runSubcommand } from "../subcommand.ts";
import { findSessions, type FoundSession, nameOf } from "./folders.ts";
import { type KickOptions, kickSpec, parseKickOptions } from "./options.ts";

/** Milliseconds that a session has to end by itself: it looks once a second, and closes its files. */
const PATIENCE_MS = 10_000;
/** The same once it was killed. */
const KILL_PATIENCE_MS = 2000;
const PAUSE_MS = 100;

const SIGKILL = 9;

/** Runs `sftpwrap kick`, and returns its exit status. */
export async function kickCommand(args: readonly string[]): Promise<number> {
  return await runSubcommand(args, {
    spec: kickSpec,
    parse: parseKickOptions,
    run: (options) => run(options),
    isForPeople: true,
  });
}

async function run(options: KickOptions): Promise<number> {
  const libc = openLibc();
  const { sessions, troubles } = findSessions(libc, options);
  for (const trouble of troubles) printError(`sftpwrap: ${escapeControls(trouble)}\n`);
  const wanted = options.sessions.map((name) => only(name, sessions));
  const ended = await Promise.all(wanted.map((session) => kicked(libc, session)));
  return ended.every((isEnded) => isEnded) ? 0 : 1;
}

function only(name: string, sessions: readonly FoundSession[]): FoundSession {
  const [session, ...others] = sessions.filter(({ id }) => id.startsWith(name));
  if (session === undefined) throw new StartError(`no session ${name} lives`);
  if (others.length > 0) throw new StartError(`${name} is the beginning of several sessions`);
  return session;
}

/** How long a session has to end, and who hears what has become of it. */
export interface Kicking {
  /** Milliseconds. */
  readonly patience: number;
  readonly say: (line: string) => void;
}

/** Ends a session, and returns whether it has ended. */
export async function kicked(
  libc: Libc,
  session: FoundSession,
  { patience, say: sayLine }: Kicking = { patience: PATIENCE_MS, say: printLine },
): Promise<boolean> {
  const { id, folder: { slots, user } } = session;
  const say = (what: string) => sayLine(`session ${id} of ${escapeControls(user)} ${what}`);
  try {
    slots.kick(id, nameOf(libc.getuid()));
    if (await ends(session, patience)) {
      say("has ended");
      return true;
    }
    if (kill(libc, session) && await ends(session, KILL_PATIENCE_MS)) {
      say("hung and was killed: its log does not say so");
      return true;
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    say(`is not ended: ${messageOf(error)}`);
    return false;
  }
  say("does not end");
  return false;
}

function printLine(line: string): void {
  print(`${line}\n`);
}

async function ends({ id, folder: { slots } }: FoundSession, patience: number): Promise<boolean> {
  for (let left = patience; left > 0; left -= PAUSE_MS) {
    if (!slots.isAlive(id)) return true;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return !slots.isAlive(id);
}

/**
 * Kills the process of a session. What the session has written of itself is not trusted: the kernel
 * must list the process with the lock of the session's file, and as one of its user.
 */
function kill(libc: Libc, { id, facts: { pid }, folder: { slots, uid } }: FoundSession): boolean {
  if (pid === undefined) return false;
  const lock = new RegExp(`FLOCK +ADVISORY +WRITE +${pid} +\\S+:${slots.inodeOf(id)} `);
  const user = new RegExp(`^Uid:\\s+${uid}\\s`, "m");
  if (!lock.test(textInProc("/proc/locks"))) return false;
  if (!user.test(textInProc(`/proc/${pid}/status`))) return false;
  return libc.kill(pid, SIGKILL) === 0;
}
