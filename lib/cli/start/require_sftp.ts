import { printError } from "../../transport/stdio.ts";
import { Errno } from "../../linux/errno.ts";
import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";
import { Poll } from "../../linux/linux.ts";
import { pollfd } from "../../linux/structs.ts";
import { StartError } from "../errors.ts";

/** How this program was started. */
export interface Start {
  /** Whether a person's terminal is on standard input. */
  readonly terminal: boolean;
  /** What the client asked sshd to run (SSH_ORIGINAL_COMMAND, or `-c` of a login shell). */
  readonly command: string | undefined;
  /** Whether sshd has started it. */
  readonly remote: boolean;
}

const MESSAGE = "this account is for SFTP only: connect with sftp, not with ssh or scp -O";

/** A client of SFTP sends INIT as soon as it is connected; a person at a shell waits. */
const INIT_PATIENCE_MS = 5000;

/** How long a client that has named no command is waited for before it is told. */
const SILENCE_MS = 300;

/** Between two looks at a packet of which only the beginning has come. */
const PAUSE_MS = 10;

const STDIN = 0;
const SSH_FXP_INIT = 1;
const NOTHING = new Uint8Array(0);

/** Length and type of INIT, each byte as the least and the most that it can be. */
const INIT_RANGES: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 4],
  [0, 255],
  [0, 255],
  [SSH_FXP_INIT, SSH_FXP_INIT],
];

/**
 * Refuses a shell or a command: without this the client would wait for an answer that never comes.
 * A client that may be one of SFTP is not refused here: see {@linkcode sftpBegins}. It is told all
 * the same where it has named a command; sshd does not pass that on to a client of SFTP.
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
 * Whether SFTP begins, where {@linkcode requireSftp} cannot tell. Nothing is read. Whoever is
 * silent, and sends anything else, has been told by then.
 */
export function sftpBegins(start: Start): boolean {
  if (kindOf(start) !== "unknown") return true;
  const libc = openLibcIfAllowed();
  if (libc === undefined) return true;
  let isTold = start.command !== undefined;
  let begins = isTold ? undefined : beginsWithin(libc, SILENCE_MS);
  if (begins === undefined) {
    if (!isTold) printError(`sftpwrap: ${MESSAGE}\n`);
    isTold = true;
    begins = beginsWithin(libc, INIT_PATIENCE_MS);
  }
  if (begins === false && !isTold) printError(`sftpwrap: ${MESSAGE}\n`);
  return begins ?? false;
}

/** Copiers that would wait for one of their own kind, whatever their arguments are called. */
const OTHER_PROTOCOLS: readonly string[] = ["scp", "rsync", "unison"];

/**
 * sshd tells the line of a subsystem as it tells a command. Such a line mostly names a program with
 * `sftp` in it, and so does `sftp -s`; but it may be called anything.
 */
function kindOf({ terminal, command, remote }: Start): "sftp" | "other" | "unknown" {
  if (terminal) return "other";
  if (command === undefined) return remote ? "unknown" : "sftp";
  const names = command.trim().split(/\s+/).map((word) => word.slice(word.lastIndexOf("/") + 1));
  if (OTHER_PROTOCOLS.includes(names[0]!)) return "other";
  return names.some((name) => name.includes("sftp")) ? "sftp" : "unknown";
}

/** Whether the first bytes are those of INIT; undefined where too few come in time. */
function beginsWithin(libc: Libc, patience: number): boolean | undefined {
  const deadline = Date.now() + patience;
  const first = new Uint8Array(INIT_RANGES.length);
  for (;;) {
    const left = deadline - Date.now();
    if (left <= 0) return undefined;
    const waited = libc.poll(pollfd(STDIN, Poll.IN), left);
    if (waited === 0 || waited === -Errno.EINTR) continue;
    const count = libc.peek(STDIN, first);
    // Neither a pipe nor a socket: nobody types there.
    if (count === -Errno.EINVAL) return true;
    if (count === 0) return false;
    const isInit = INIT_RANGES.slice(0, Math.max(count, 0))
      .every(([least, most], index) => first[index]! >= least && first[index]! <= most);
    if (!isInit) return false;
    if (count === first.length) return true;
    libc.poll(NOTHING, PAUSE_MS);
  }
}
