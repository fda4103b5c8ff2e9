import type { Channel, DirectChannel } from "../../client/channel.ts";

/** How the far side is reached: by ssh2, which is embedded, or by openssh, the system's `ssh`. */
export type SshTransport = "ssh2" | "openssh";

/** What happens to a host key that is not known: it is refused, learned, or not looked at. */
export type HostVerification = "strict" | "accept-new" | "off";

/** What a connection takes from the process's environment. */
export interface ConnectEnvironment {
  /** The home directory, `$HOME`; undefined if there is none. */
  readonly home?: string | undefined;
  /** The local user's name. */
  readonly user?: string | undefined;
  /** The local user's number; if absent, the owners of files are not checked. */
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
  /** The files of known host keys; absent: those of ssh_config, otherwise ssh's own. */
  readonly knownHosts?: readonly string[] | undefined;
  /** What happens to an unknown host key; absent: as ssh_config says, otherwise `strict`. */
  readonly verifyHost?: HostVerification | undefined;
  /** For password and keyboard-interactive authentication; never shown. */
  readonly password?: string | undefined;
  /** Opens encrypted keys; never shown. */
  readonly passphrase?: string | undefined;
  /** Seconds that name, TCP connection and SSH handshake may take together; 0: no limit. */
  readonly connectTimeout?: number | undefined;
  /** Seconds of silence after which the far side is asked for a sign of life; 0: never. */
  readonly keepalive?: number | undefined;
  /** What the connection takes from the process's environment. */
  readonly environment: ConnectEnvironment;
  /**
   * Takes a line of the log; levels are numbered in OpenSSH's order (1 fatal, 2 error, 3 info,
   * 4 verbose, 5 debug). The log must escape control characters.
   */
  readonly log: (level: number, line: string) => void;
}

/** A connection whose SFTP channel is open. */
export interface Connected {
  /** The bytes of the SFTP subsystem: streams of a process, or direct calls. */
  readonly channel: Channel | DirectChannel;
  /** Who is connected where, for messages: `alice@example.org:22`. */
  readonly description: string;
  /** Settles with the reason when the connection has ended, also by {@linkcode close}. */
  readonly closed: Promise<string>;
  /** Ends the connection and those that it goes through. */
  close(): Promise<void>;
}

/** Connecting failed: one line that says why, without a secret. */
export class ConnectError extends Error {
  /** The class's name. */
  override readonly name = "ConnectError";
}
