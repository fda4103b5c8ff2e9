/**
 * Sessions that live while a test looks at them.
 *
 * @module
 */

import { jailWords, withJail } from "../../support/jail.ts";
import { until } from "../../support/run.ts";
import { ChildServer, type Ended, run, sftpwrap } from "../../support/wire_session.ts";

/** What a test uses. */
export interface Sessions {
  readonly jail: string;
  /** The state folder. */
  readonly state: string;
  /** Starts a session with these options; the test ends it. */
  start(options: readonly string[], env?: Readonly<Record<string, string>>): ChildServer;
  /** Runs a subcommand on the state folder. */
  tell(subcommand: "who" | "kick", ...args: readonly string[]): Promise<Ended>;
  /** What `sftpwrap who --json` prints. */
  who(): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** Runs `use` with an empty jail and a state folder. */
export async function withSessions(use: (sessions: Sessions) => Promise<void>): Promise<void> {
  await withJail(async ({ jail, base }) => {
    const state = `${base}/state`;
    const tell: Sessions["tell"] = (subcommand, ...args) =>
      run(sftpwrap([subcommand, "--state-dir", state, ...args]));
    await use({
      jail,
      state,
      tell,
      start(given, env) {
        const options = ["--log-to-stderr", "--state-dir", state, ...given];
        return new ChildServer(jailWords(jail, { options }), env === undefined ? {} : { env });
      },
      async who() {
        const { stdout } = await tell("who", "--json");
        const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
        return lines.map((line) => JSON.parse(line));
      },
    });
  });
}

/** Variables of a session that sshd starts for a client at this address. */
export function fromClient(address: string): Readonly<Record<string, string>> {
  return {
    USER: "alice",
    SSH_CONNECTION: `${address} 4711 192.0.2.1 22`,
    SSH_ORIGINAL_COMMAND: "internal-sftp",
  };
}

/** Waits until something is so. */
export async function comes(what: string, isSo: () => Promise<boolean>): Promise<void> {
  await until(isSo, { what });
}
