/**
 * A real OpenSSH server on the loopback, for one user and one key.
 *
 * @module
 */

import { withTempDir } from "./files.ts";
import { programPath } from "./programs.ts";
import { runOk, until } from "./run.ts";
import { type KeyType, type KnownLine, makeKey, trusted } from "./sshd_trust.ts";

export type { KeyType } from "./sshd_trust.ts";

/** How often to try another port when another process was faster. */
const PORT_ATTEMPTS = 5;

/** Variables through which a Deno that sshd starts finds the downloads of this one. */
const PASSED_ON = ["DENO_DIR", "XDG_CACHE_HOME", "DENO_NO_UPDATE_CHECK"];

/** The kind of server; every option may be absent. */
export interface SshdOptions {
  /**
   * The command of every session (`command="…"` in authorized_keys); absent: what the client asks
   * for.
   */
  readonly command?: string;
  /** The options of the key besides `command`. `restrict` by default; empty for none. */
  readonly keyOptions?: string;
  /** The server's own keys; one of Ed25519 by default. */
  readonly hostKeys?: readonly KeyType[];
  /** The client's key; Ed25519 by default. */
  readonly clientKey?: KeyType;
  /** The value of `Subsystem sftp`; null leaves the line out. */
  readonly subsystem?: string | null;
  /** Further lines of sshd_config, before all others: sshd takes the first of each. */
  readonly config?: readonly string[];
  /** Further variables of the server's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The loopback address that it listens on; `127.0.0.1` by default. */
  readonly host?: "127.0.0.1" | "::1";
  /**
   * With `true` only an authority vouches for both sides: the server shows a certificate of its
   * key, known_hosts has the authority but no host, and any client with a certificate for the user
   * may log in. The certificate of {@linkcode Sshd.clientKey} is next to it, with `-cert.pub`.
   */
  readonly certificates?: boolean;
}

/** A server that listens. There is no password: only the key logs in. */
export interface Sshd {
  /** The address that it listens on, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The account that may log in: the one that runs the test. */
  readonly user: string;
  /** The name under which {@linkcode sshConfig} knows it. */
  readonly alias: string;
  /** An ssh_config with everything needed to connect to {@linkcode alias}: `ssh -F FILE ALIAS`. */
  readonly sshConfig: string;
  /** The client's private key; the public one is next to it with `.pub`. */
  readonly clientKey: string;
  /** A known_hosts file with all host keys, or with their authority, as `[HOST]:PORT`. */
  readonly knownHosts: string;
  /** The private host keys; each public one is next to it with `.pub`. */
  readonly hostKeys: readonly string[];
  /** A directory for whatever else the test keeps of this server. */
  readonly directory: string;
  /** What sshd has logged so far. */
  log(): Promise<string>;
}

/**
 * Runs `use` with a real sshd that listens on a free port of the loopback and runs as the current
 * user, and stops it afterwards. As root it needs `/run/sshd`, which this creates.
 *
 * @throws {Error} What `use` throws, with the server's log as the cause.
 */
export async function withSshd<T>(
  options: SshdOptions,
  use: (sshd: Sshd) => Promise<T>,
): Promise<T> {
  return await withTempDir(async (directory) => {
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    const { sshd, stop } = await started(directory, await prepared(directory, options));
    try {
      return await use(sshd);
    } catch (error) {
      if (error instanceof Error && error.cause === undefined) {
        error.cause = `sshd's log:\n${await sshd.log()}`;
      }
      throw error;
    } finally {
      await stop();
    }
  });
}

/** What does not depend on the port. */
interface Prepared {
  readonly host: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly clientKey: string;
  readonly hostKeys: readonly string[];
  /** The part of a line of known_hosts for each of the server's keys, after the host's name. */
  readonly known: readonly KnownLine[];
  readonly config: readonly string[];
}

async function prepared(directory: string, options: SshdOptions): Promise<Prepared> {
  const { host = "127.0.0.1", env = {} } = options;
  const user = (await runOk("id", ["-un"])).trim();
  const clientKey = `${directory}/client_key`;
  await makeKey(clientKey, options.clientKey ?? "ed25519");
  const hostKeys: string[] = [];
  for (const type of options.hostKeys ?? ["ed25519"]) {
    const path = `${directory}/host_key_${type}`;
    await makeKey(path, type);
    hostKeys.push(path);
  }
  const { trust, known } = await trusted(directory, {
    ...options,
    host,
    user,
    clientKey,
    hostKeys,
  });
  const subsystem = options.subsystem === undefined ? "internal-sftp" : options.subsystem;
  const config = [
    ...options.config ?? [],
    ...hostKeys.map((path) => `HostKey "${path}"`),
    ...trust,
    ...(subsystem === null ? [] : [`Subsystem sftp ${subsystem}`]),
    ...environment(),
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    "PidFile none",
    "UseDNS no",
    "MaxStartups 100",
    "LogLevel VERBOSE",
  ];
  return { host, env, user, clientKey, hostKeys, known, config };
}

/** sshd passes almost nothing of its own environment to its sessions. */
function environment(): string[] {
  const pairs = PASSED_ON
    .map((name) => [name, Deno.env.get(name)] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `"${name}=${value}"`);
  return pairs.length === 0 ? [] : [`SetEnv ${pairs.join(" ")}`];
}

interface Started {
  readonly sshd: Sshd;
  stop(): Promise<void>;
}

async function started(directory: string, prepared: Prepared): Promise<Started> {
  for (let attempts = 1;; attempts++) {
    const port = freePort(prepared.host);
    const logFile = `${directory}/log_${attempts}`;
    const process = await listening(directory, { port, logFile, prepared });
    if (process !== undefined) {
      const sshd = await described(directory, { port, logFile, prepared });
      return { sshd, stop: () => stopped(process) };
    }
    if (attempts === PORT_ATTEMPTS) {
      throw new Error(`sshd does not start\n${await Deno.readTextFile(logFile)}`);
    }
  }
}

/** Starts sshd and waits until it listens; returns nothing if it ends instead. */
async function listening(
  directory: string,
  { port, logFile, prepared: { host, env, config } }: {
    readonly port: number;
    readonly logFile: string;
    readonly prepared: Prepared;
  },
): Promise<Deno.ChildProcess | undefined> {
  const configFile = `${directory}/sshd_config`;
  const lines = [`ListenAddress ${host}`, `Port ${port}`, ...config];
  await Deno.writeTextFile(configFile, lines.join("\n") + "\n");
  await Deno.writeTextFile(logFile, "");
  // sshd must be started by its absolute path, because it executes itself again.
  const process = new Deno.Command(programPath("sshd"), {
    args: ["-D", "-E", logFile, "-f", configFile],
    env: { ...env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let hasEnded = false;
  const ended = process.status.then(() => {
    hasEnded = true;
  });
  await until(
    async () => hasEnded || (await Deno.readTextFile(logFile)).includes("Server listening on"),
    { what: "sshd listens" },
  );
  if (!hasEnded) return process;
  await ended;
  return undefined;
}

async function stopped(process: Deno.ChildProcess): Promise<void> {
  try {
    process.kill("SIGTERM");
  } catch (error) {
    // It may have ended by itself; then there is nothing to stop.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
  await process.status;
}

async function described(
  directory: string,
  { port, logFile, prepared }: {
    readonly port: number;
    readonly logFile: string;
    readonly prepared: Prepared;
  },
): Promise<Sshd> {
  const { host, user, clientKey, hostKeys, known } = prepared;
  const alias = "box";
  const sshConfig = `${directory}/ssh_config`;
  const knownHosts = `${directory}/known_hosts`;
  await Deno.writeTextFile(
    knownHosts,
    known.map(({ marker, key }) => `${marker}[${host}]:${port} ${key}`).join(""),
  );
  const lines = [
    `Host ${alias}`,
    `HostName ${host}`,
    `Port ${port}`,
    `User ${user}`,
    `IdentityFile "${clientKey}"`,
    "IdentitiesOnly yes",
    "IdentityAgent none",
    `UserKnownHostsFile "${knownHosts}"`,
    "GlobalKnownHostsFile /dev/null",
    "StrictHostKeyChecking yes",
    "BatchMode yes",
    "LogLevel ERROR",
  ];
  await Deno.writeTextFile(sshConfig, lines.join("\n") + "\n");
  const log = () => Deno.readTextFile(logFile);
  return { host, port, user, alias, sshConfig, clientKey, knownHosts, hostKeys, directory, log };
}

/** A port that was free a moment ago. */
/** A port that was free a moment ago. */
export function freePort(hostname: string): number {
  const listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
