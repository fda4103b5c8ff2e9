import type { Channel, DirectChannel } from "../../client/channel.ts";

/** How the far side is reached: ssh2 is embedded, openssh is the system's `ssh`. */
export type SshTransport = "ssh2" | "openssh";

/** What becomes of a host key that is not known: refused, learned, or not looked at. */
export type HostVerification = "strict" | "accept-new" | "off";

/** What a connection takes from the process's environment. */
export interface ConnectEnvironment {
  /** The home directory, `$HOME`; undefined where there is none. */
  readonly home?: string | undefined;
  /** The local user's name. */
  readonly user?: string | undefined;
  /** The local user's number; where it is absent, nobody asks whose a file is. */
  readonly uid?: number | undefined;
  /** The agent's socket, `$SSH_AUTH_SOCK`. */
  readonly agentSocket?: string | undefined;
}

/** Where a connection goes and how; ssh_config fills in what is absent. */
export interface ConnectOptions {
  /** As given: an alias of ssh_config, a name, an IPv4 or IPv6 address without brackets. */
  readonly host: string;
  /** The user on the far side. */
  readonly user?: string | undefined;
  /** The TCP port of the far side. */
  readonly port?: number | undefined;
  /** How the far side is reached. */
  readonly transport: SshTransport;
  /** Files of private keys, tried before those of ssh_config. */
  readonly keys?: readonly string[] | undefined;
  /** Whether the agent's keys are tried. */
  readonly agent: boolean;
  /** The file of ssh_config, which must exist; absent: `~/.ssh/config`, which need not. */
  readonly sshConfig?: string | undefined;
  /** The files of known host keys; absent: those of ssh_config, else ssh's own. */
  readonly knownHosts?: readonly string[] | undefined;
  /** What becomes of an unknown host key; absent: as ssh_config says, else `strict`. */
  readonly verifyHost?: HostVerification | undefined;
  /** For password and keyboard-interactive authentication; never shown. */
  readonly password?: string | undefined;
  /** Opens encrypted keys; never shown. */
  readonly passphrase?: string | undefined;
  /** Seconds that name, TCP connection and SSH handshake may take together; 0: without end. */
  readonly connectTimeout?: number | undefined;
  /** Seconds of silence after which the far side is asked for a sign of life; 0: never. */
  readonly keepalive?: number | undefined;
  /** What the connection takes from the process's environment. */
  readonly environment: ConnectEnvironment;
  /**
   * Takes a line of the log; the level is a number of OpenSSH's order (1 fatal, 2 error, 3 info,
   * 4 verbose, 5 debug). Control characters are the log's to escape.
   */
  readonly log: (level: number, line: string) => void;
}

/** A connection whose SFTP channel is open. */
export interface Connected {
  /** The bytes of the SFTP subsystem: streams where a process has them, else without. */
  readonly channel: Channel | DirectChannel;
  /** Who is connected where, for messages: `alice@example.org:22`. */
  readonly description: string;
  /** Settles with the reason when the connection has gone, also by {@linkcode close}. */
  readonly closed: Promise<string>;
  /** Ends the connection, and everything it was reached through. */
  close(): Promise<void>;
}

/** There is no connection: one line that says why, without a secret. */
export class ConnectError extends Error {
  /** The class's name. */
  override readonly name = "ConnectError";
}
