import { printError } from "../../transport/stdio.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import { Errno } from "../../linux/errno.ts";
import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";
import { Poll } from "../../linux/linux.ts";
import { pollfd } from "../../linux/structs.ts";
import { StartError, ToldStartError } from "../errors.ts";

/** How this program was started. */
export interface Start {
  /** Whether standard input is a terminal. */
  readonly terminal: boolean;
  /** What the client asked sshd to run (SSH_ORIGINAL_COMMAND, or `-c` of a login shell). */
  readonly command: string | undefined;
  /** Whether sshd started this program. */
  readonly remote: boolean;
  /**
   * Whether sshd started it for a client that named no command: sshd tells one only if a command is
   * forced. A client that speaks SFTP was then given this program by a Subsystem line alone.
   */
  readonly unforced: boolean;
}

const MESSAGE = "this account is for SFTP only: connect with sftp, not with ssh or scp -O";

/** Milliseconds to wait for INIT: an SFTP client sends it as soon as it is connected. */
const INIT_PATIENCE_MS = 5000;

/** Milliseconds that a client without a command may be silent before it is told. */
const SILENCE_MS = 300;

/** Milliseconds between two looks at a packet that has come only in part. */
const PAUSE_MS = 10;

const STDIN = 0;
const SSH_FXP_INIT = 1;
const NOTHING = new Uint8Array(0);

/** Length and type of INIT: the least and the greatest value of each byte. */
const INIT_RANGES: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 4],
  [0, 255],
  [0, 255],
  [SSH_FXP_INIT, SSH_FXP_INIT],
];

/**
 * Refuses a shell or a command: otherwise the client would wait for an answer that never comes. A
 * client that may speak SFTP is not refused here: see {@linkcode awaitSftp}. If it has named a
 * command it is told anyway; a client that does speak SFTP gets no standard error from sshd.
 *
 * @throws {StartError} If this is not an SFTP session.
 */
export function requireSftp(start: Start): void {
  const kind = kindOf(start);
  if (kind === "other") throw new StartError(MESSAGE);
  if (kind === "unknown" && start.command !== undefined) {
    if (openLibcIfAllowed() === undefined) throw new StartError(MESSAGE);
    printError(`sftpwrap: ${MESSAGE}\n`);
  }
}

/**
 * Waits for SFTP to begin, where {@linkcode requireSftp} cannot tell. Reads nothing. A client that
 * is silent or sends anything else is told at once.
 *
 * @throws {ToldStartError} If it does not begin.
 */
export function awaitSftp(start: Start): void {
  if (kindOf(start) !== "unknown") return;
  const libc = openLibcIfAllowed();
  if (libc === undefined) return;
  let isTold = start.command !== undefined;
  let begins = isTold ? undefined : beginsWithin(libc, SILENCE_MS);
  if (begins === undefined) {
    if (!isTold) printError(`sftpwrap: ${MESSAGE}\n`);
    isTold = true;
    begins = beginsWithin(libc, INIT_PATIENCE_MS);
  }
  if (begins === true) return;
  if (!isTold) printError(`sftpwrap: ${MESSAGE}\n`);
  throw new ToldStartError(MESSAGE);
}

/**
 * Warns in the log if SFTP has begun and nothing has forced it on the client. Without libc this
 * cannot be told: a client that wants a shell from a forced command names no command either.
 */
export function warnIfUnforced({ unforced }: Start, log: Log): void {
  if (!unforced || openLibcIfAllowed() === undefined) return;
  log.write(
    LogLevel.ERROR,
    "not started by a forced command (but by a Subsystem?): the account may run other commands too",
  );
}

/** Copiers that wait for their own protocol, whatever their arguments are. */
const OTHER_PROTOCOLS: readonly string[] = ["scp", "rsync", "unison"];

/**
 * sshd passes on the command of a subsystem like any other command. Most name a program with `sftp`
 * in its name, as `sftp -s` does, but the name may be anything.
 */
function kindOf({ terminal, command, remote }: Start): "sftp" | "other" | "unknown" {
  if (terminal) return "other";
  if (command === undefined) return remote ? "unknown" : "sftp";
  const names = command.trim().split(/\s+/).map((word) => word.slice(word.lastIndexOf("/") + 1));
  if (OTHER_PROTOCOLS.includes(names[0]!)) return "other";
  return names.some((name) => name.includes("sftp")) ? "sftp" : "unknown";
}

/** Whether the first bytes are those of INIT; undefined if too few come in time. */
function beginsWithin(libc: Libc, patience: number): boolean | undefined {
  const deadline = Date.now() + patience;
  const first = new Uint8Array(INIT_RANGES.length);
  for (;;) {
    const left = deadline - Date.now();
    if (left <= 0) return undefined;
    const waited = libc.poll(pollfd(STDIN, Poll.IN), left);
    if (waited === 0 || waited === -Errno.EINTR) continue;
    const count = libc.peek(STDIN, first);
    // Neither a pipe nor a socket, so nothing can be typed there.
    if (count === -Errno.EINVAL) return true;
    if (count === 0) return false;
    const isInit = INIT_RANGES.slice(0, Math.max(count, 0))
      .every(([least, most], index) => first[index]! >= least && first[index]! <= most);
    if (!isInit) return false;
    if (count === first.length) return true;
    libc.poll(NOTHING, PAUSE_MS);
  }
}
