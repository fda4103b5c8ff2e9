import { StartError } from "./errors.ts";

/** How this program was started. */
export interface Start {
  /** Whether a person's terminal is on standard input. */
  readonly terminal: boolean;
  /** What the client asked sshd to run (SSH_ORIGINAL_COMMAND, or `-c` of a login shell). */
  readonly command: string | undefined;
}

/**
 * Refuses whoever wants a shell or a command: without this they would wait
 * for an answer that never comes. The Subsystem line of any sshd names a
 * program with `sftp` in it, and so does `sftp -s`.
 *
 * @throws {StartError} If this is no SFTP session.
 */
export function requireSftp({ terminal, command }: Start): void {
  if (terminal || (command !== undefined && !namesSftp(command))) {
    throw new StartError(
      "this account is for SFTP only: connect with sftp, not with ssh or scp -O",
    );
  }
}

/** Copiers that would wait for one of their own kind, whatever their arguments are called. */
const OTHER_PROTOCOLS: readonly string[] = ["scp", "rsync", "unison"];

function namesSftp(command: string): boolean {
  const names = command.trim().split(/\s+/).map((word) => word.slice(word.lastIndexOf("/") + 1));
  return !OTHER_PROTOCOLS.includes(names[0]!) && names.some((name) => name.includes("sftp"));
}
