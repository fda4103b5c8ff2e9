import { messageOf } from "../../../message_of.ts";
import { isAcceptedKey } from "./algorithms.ts";
import type { ConnectOptions } from "../connection_options.ts";
import { signatureAlgorithms } from "../host_keys/host_keys.ts";
import type { Method, Target } from "../config/target.ts";

/** Key types that Deno's cryptography cannot sign with. */
const UNSIGNABLE = new Set(["ecdsa-sha2-nistp521"]);

/** The part of a key parsed by the transport that is needed here. */
export interface ClientKey {
  readonly type: string;
  getPublicSSH(): Uint8Array;
  isPrivateKey(): boolean;
}

/** A key to try. */
export interface Candidate<K extends ClientKey> {
  readonly key: K;
  /** Where it comes from, for messages. */
  readonly name: string;
  /** Whether the agent signs for it. */
  readonly isAgents: boolean;
}

/** An attempt to log in. */
export type Attempt<K extends ClientKey> =
  | { readonly method: "publickey"; readonly candidate: Candidate<K> }
  | { readonly method: "password"; readonly password: string }
  | {
    readonly method: "keyboard-interactive";
    /** Undefined if there is none: the server may ask no questions. */
    readonly password: string | undefined;
  };

/** Everything there is to log in with. */
export interface Credentials<K extends ClientKey> {
  readonly attempts: readonly Attempt<K>[];
  /** What could not be used, in a few words each. */
  readonly obstacles: readonly string[];
}

/** What the transport can do with keys. */
export interface KeyTools<K extends ClientKey> {
  /** Parses the bytes of a key file; an error says why there is no key. */
  parse(bytes: Uint8Array, passphrase: string | undefined): K | Error;
  /** The keys of the agent behind a socket. */
  agentKeys(socket: string): Promise<readonly K[]>;
}

/** Collects everything to log in with, in the order in which ssh tries it. */
export async function collectCredentials<K extends ClientKey>(
  target: Target,
  { options, tools }: { readonly options: ConnectOptions; readonly tools: KeyTools<K> },
): Promise<Credentials<K>> {
  const obstacles: string[] = [];
  const attempts: Attempt<K>[] = [];
  for (const method of target.methods) {
    if (method === "publickey") {
      const candidates = await candidateKeys(target, {
        options,
        tools,
        obstacles,
        publicFiles: new Set(),
      });
      attempts.push(...candidates.map((candidate) => ({ method, candidate }) as const));
    } else if (options.password !== undefined) {
      attempts.push({ method, password: options.password });
    }
  }
  return { attempts, obstacles };
}

/** The name of an attempt in the log. */
export function describeAttempt(attempt: Attempt<ClientKey>): string {
  if (attempt.method !== "publickey") return attempt.method;
  const { name, key } = attempt.candidate;
  return `publickey ${name} (${key.type})`;
}

/**
 * Hands out attempts, each once, and only those that the server still accepts. A server may want
 * several, and says after each one which can follow.
 */
export class AttemptQueue<K extends ClientKey> {
  readonly #left: Attempt<K>[];

  constructor(attempts: readonly Attempt<K>[]) {
    this.#left = [...attempts];
  }

  /** The method of the first attempt; undefined if there is none. */
  get first(): Method | undefined {
    return this.#left[0]?.method;
  }

  /** Whether an attempt of a method is left. */
  has(method: Method): boolean {
    return this.#left.some((attempt) => attempt.method === method);
  }

  /** Adds an attempt after all others. */
  add(attempt: Attempt<K>): void {
    this.#left.push(attempt);
  }

  /** The next attempt; undefined if there is none. */
  next(methods: readonly string[] | undefined): Attempt<K> | undefined {
    const index = this.#left.findIndex(({ method }) => methods?.includes(method) ?? true);
    return index === -1 ? undefined : this.#left.splice(index, 1)[0];
  }
}

interface Gathering<K extends ClientKey> {
  readonly options: ConnectOptions;
  readonly tools: KeyTools<K>;
  readonly obstacles: string[];
  /** Files that should have a private key and have a public one. */
  readonly publicFiles: Set<string>;
}

/**
 * ssh's order: keys that are both in the agent and in a file, then the other keys of the agent, then
 * keys that are only in files.
 */
async function candidateKeys<K extends ClientKey>(
  target: Target,
  gathering: Gathering<K>,
): Promise<Candidate<K>[]> {
  const fromFiles = target.keys.map((path) => readKey(path, gathering))
    .filter((candidate) => candidate !== undefined);
  const fromAgent = await agentCandidates(target, gathering);
  const wanted = new Set(fromFiles.map(({ key }) => identity(key)));
  const held = new Set(fromAgent.map(({ key }) => identity(key)));
  const both = fromFiles.flatMap(({ key }) =>
    fromAgent.filter((other) => identity(other.key) === identity(key))
  );
  const others = target.identitiesOnly
    ? []
    : fromAgent.filter(({ key }) => !wanted.has(identity(key)));
  const files = fromFiles.filter(({ key }) => !held.has(identity(key)))
    .filter((candidate) => isPrivate(candidate, { target, gathering }));
  return unique([...both, ...others, ...files])
    .filter((candidate) => isAccepted(candidate, { target, gathering }));
}

/** Whether a key can sign without an agent; reports a file that has only the public part. */
function isPrivate<K extends ClientKey>(
  { key, name }: Candidate<K>,
  { target, gathering }: { readonly target: Target; readonly gathering: Gathering<K> },
): boolean {
  if (key.isPrivateKey()) return true;
  // If it is the public half of a private key file, the problem with that is already reported.
  if (!gathering.publicFiles.has(name)) return false;
  const agent = target.agentSocket === undefined
    ? "no agent is asked"
    : "the agent does not have it";
  note(gathering, `${name}: it is a public key, and ${agent}`);
  return false;
}

function isAccepted<K extends ClientKey>(
  { key, name, isAgents }: Candidate<K>,
  { target, gathering }: { readonly target: Target; readonly gathering: Gathering<K> },
): boolean {
  if (!isAgents && UNSIGNABLE.has(key.type)) {
    note(gathering, `${name}: ${key.type} signs by an agent or --transport=openssh alone`);
    return false;
  }
  if (isAcceptedKey(signatureAlgorithms(key.type), target.algorithms.publicKey)) return true;
  note(gathering, `${name}: PubkeyAcceptedAlgorithms leaves out ${key.type}`);
  return false;
}

async function agentCandidates<K extends ClientKey>(
  { agentSocket }: Target,
  gathering: Gathering<K>,
): Promise<Candidate<K>[]> {
  if (agentSocket === undefined) return [];
  try {
    const keys = await gathering.tools.agentKeys(agentSocket);
    if (keys.length === 0) note(gathering, "the agent has no key");
    return keys.map((key, index) => ({ key, name: `agent's key ${index + 1}`, isAgents: true }));
  } catch (error) {
    note(gathering, `the agent at ${agentSocket} does not answer: ${messageOf(error)}`);
    return [];
  }
}

/** The key of a file: private, or if that cannot be opened, public for the agent to sign with. */
function readKey<K extends ClientKey>(
  path: string,
  gathering: Gathering<K>,
): Candidate<K> | undefined {
  const { options, tools } = gathering;
  const bytes = readKeyFile(path, gathering);
  const key = bytes === undefined ? undefined : tools.parse(bytes, options.passphrase);
  if (key !== undefined && !(key instanceof Error)) {
    if (!key.isPrivateKey()) gathering.publicFiles.add(path);
    return { key, name: path, isAgents: false };
  }
  if (key !== undefined) note(gathering, `${path}: ${whyNoKey(key, options.passphrase)}`);
  const publicBytes = tryRead(`${path}.pub`);
  const publicKey = publicBytes instanceof Uint8Array
    ? tools.parse(publicBytes, undefined)
    : undefined;
  if (publicKey === undefined || publicKey instanceof Error) return undefined;
  return { key: publicKey, name: path, isAgents: false };
}

function readKeyFile<K extends ClientKey>(
  path: string,
  gathering: Gathering<K>,
): Uint8Array | undefined {
  const bytes = tryRead(path);
  if (bytes instanceof Uint8Array) {
    if (!isOpenToOthers(path, gathering.options.environment.uid)) return bytes;
    note(gathering, `${path}: others may read it, therefore it is not used (chmod 600)`);
  } else if (!(bytes instanceof Deno.errors.NotFound)) {
    note(gathering, `${path}: ${messageOf(bytes)}`);
  } else if (gathering.options.keys?.includes(path) === true) {
    note(gathering, `${path}: it does not exist`);
  } else {
    gathering.options.log(5, `${path}: it does not exist`);
  }
  return undefined;
}

/**
 * As in ssh: everyone may read a public key, and only its owner a private one. The permissions of a
 * key that another user owns are not checked.
 */
function isOpenToOthers(path: string, uid: number | undefined): boolean {
  if (path.endsWith(".pub")) return false;
  const { mode, uid: owner } = Deno.statSync(path);
  const isLent = uid !== undefined && owner !== null && owner !== uid;
  return !isLent && ((mode ?? 0) & 0o077) !== 0;
}

function whyNoKey(error: Error, passphrase: string | undefined): string {
  if (/no passphrase/.test(error.message)) {
    return "it is encrypted, and there is no passphrase";
  }
  if (
    passphrase !== undefined && /passphrase|integrity|decrypt|authenticate/i.test(error.message)
  ) {
    return "the passphrase does not open it";
  }
  return "it is no key that can be read here (ssh-keygen -p -f FILE brings it into shape)";
}

function tryRead(path: string): Uint8Array | Error {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

function note<K extends ClientKey>({ options, obstacles }: Gathering<K>, what: string): void {
  obstacles.push(what);
  options.log(3, what);
}

function unique<K extends ClientKey>(candidates: readonly Candidate<K>[]): Candidate<K>[] {
  const seen = new Set<string>();
  return candidates.filter(({ key }) => {
    const name = identity(key);
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

function identity(key: ClientKey): string {
  return key.getPublicSSH().toString();
}
