/**
 * What this program may learn about its host. It asks only what it has the
 * permission for: a missing permission costs a detail, never the session.
 *
 * @module
 */

import { granted } from "../../permissions.ts";
import type { SessionFacts } from "../../session/observer.ts";
import type { Start } from "./require_sftp.ts";

/** Where sshd puts what the client wants to run, if it runs a forced command instead. */
const ORIGINAL_COMMAND = "SSH_ORIGINAL_COMMAND";

/** Who the session is for. */
export interface Identity {
  readonly user: string | undefined;
  readonly uid: number | undefined;
  readonly home: string | undefined;
}

/** An environment variable; undefined if it is not set or may not be read. */
export function environment(variable: string): string | undefined {
  return granted({ name: "env", variable }) ? Deno.env.get(variable) : undefined;
}

/** The account that this process runs under, from the environment that sshd sets. */
export function identity(): Identity {
  return {
    user: environment("USER") ?? environment("LOGNAME"),
    uid: granted({ name: "sys", kind: "uid" }) ? Deno.uid() ?? undefined : undefined,
    home: environment("HOME"),
  };
}

/**
 * How this program was started.
 *
 * @param command What the client wants to run, if the command line has it (`-c` of a login shell);
 *   otherwise what sshd says.
 */
export function howStarted(command = environment(ORIGINAL_COMMAND)): Start {
  const remote = connection() !== undefined;
  const unforced = remote && command === undefined &&
    granted({ name: "env", variable: ORIGINAL_COMMAND });
  return { terminal: Deno.stdin.isTerminal(), command, remote, unforced };
}

/** The client's address and port, and more, if sshd started this program. */
function connection(): string | undefined {
  return environment("SSH_CONNECTION") ?? environment("SSH_CLIENT");
}

/** Whose session this process serves: the account, and the client's address and port from sshd. */
export function sessionFacts(user: string | undefined): SessionFacts {
  const [address = "", port = ""] = (connection() ?? "").split(" ");
  return {
    id: crypto.randomUUID(),
    user,
    client: address === "" ? undefined : address,
    clientPort: /^\d{1,5}$/.test(port) ? Number(port) : undefined,
  };
}
