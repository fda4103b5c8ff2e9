// The types of npm's ssh2 that this project uses. Those on DefinitelyTyped bring the globals of
// Node with them, for the whole program.

import type { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";

/** A key, public or with its private part. */
export interface ParsedKey {
  /** Such as `ssh-ed25519`. */
  readonly type: string;
  /** The public part's bytes. */
  getPublicSSH(): Buffer;
  isPrivateKey(): boolean;
  /** The private part; null where there is none. */
  getPrivatePEM(): string | null;
}

export type Callback<T> = (error: Error | undefined | null, value: T) => void;

/** An attempt to log in, as ssh2 takes it. */
export type Authentication =
  | { readonly type: "none"; readonly username: string }
  | { readonly type: "password"; readonly username: string; readonly password: string }
  | { readonly type: "publickey"; readonly username: string; readonly key: ParsedKey }
  | { readonly type: "agent"; readonly username: string; readonly agent: BaseAgent }
  | {
    readonly type: "keyboard-interactive";
    readonly username: string;
    readonly prompt: (
      name: string,
      instructions: string,
      language: string,
      prompts: readonly { readonly prompt: string; readonly echo?: boolean }[],
      finish: (answers: readonly string[]) => void,
    ) => void;
  };

/** The options of a connection; times are in milliseconds. */
export interface ConnectConfig {
  readonly sock: Duplex;
  /** What follows `SSH-2.0-` in the first line; absent: ssh2's own name. */
  readonly ident?: string;
  readonly username: string;
  readonly readyTimeout: number;
  readonly keepaliveInterval: number;
  readonly keepaliveCountMax: number;
  readonly algorithms: {
    readonly serverHostKey: readonly string[];
    readonly cipher: readonly string[];
    readonly hmac: readonly string[];
    readonly kex: readonly string[];
    readonly compress: readonly string[];
  };
  readonly hostVerifier: (key: Buffer, verify: (isAccepted: boolean) => void) => void;
  readonly authHandler: (
    methodsLeft: readonly string[] | null,
    isPartialSuccess: boolean | null,
    next: (authentication: Authentication | false) => void,
  ) => void;
}

/** A connection. */
export class Client extends EventEmitter {
  connect(config: ConnectConfig): this;
  subsys(name: string, callback: Callback<Duplex>): this;
  forwardOut(
    sourceHost: string,
    sourcePort: number,
    host: string,
    port: number,
    callback: Callback<Duplex>,
  ): this;
  end(): this;
  destroy(): this;
}

/** Something that has keys and signs with them. */
export class BaseAgent {
  getIdentities(callback: Callback<readonly ParsedKey[]>): void;
  sign(
    key: ParsedKey,
    data: Buffer,
    options: { readonly hash?: string },
    callback: Callback<Buffer>,
  ): void;
}

/** An agent behind a Unix socket. */
export class OpenSSHAgent extends BaseAgent {
  constructor(socketPath: string);
}

/** Parses a key file; an error says why there is no key. */
export type ParseKey = (
  data: Buffer,
  passphrase?: string,
) => ParsedKey | readonly ParsedKey[] | Error;

/** The parts of ssh2 that a client needs. */
export interface Ssh2 {
  readonly Client: typeof Client;
  readonly parseKey: ParseKey;
  readonly loadAgents: () => Promise<Agents>;
}

/** The part of ssh2 that only agents need. */
export interface Agents {
  readonly BaseAgent: typeof BaseAgent;
  readonly OpenSSHAgent: typeof OpenSSHAgent;
}
