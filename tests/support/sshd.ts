/**
 * A real OpenSSH server on the loopback, for one user and one key.
 *
 * @module
 */

import { withTempDir } from "./files.ts";
import { programPath } from "./programs.ts";
import { runOk, until } from "./run.ts";

/** How often another port is tried where somebody else was faster. */
const PORT_ATTEMPTS = 5;

/** Where a Deno that sshd starts finds what this one has downloaded. */
const PASSED_ON = ["DENO_DIR", "XDG_CACHE_HOME", "DENO_NO_UPDATE_CHECK"];

/** A kind of key that ssh-keygen makes. */
export type KeyType = "ed25519" | "ecdsa" | "rsa";

/** What kind of server; all of it may be absent. */
export interface SshdOptions {
  /** What runs for every session (`command="…"` in authorized_keys); absent: what the client asks for. */
  readonly command?: string;
  /** The options of the key beside `command`. Without a value `restrict`; empty for none. */
  readonly keyOptions?: string;
  /** The server's own keys; one of Ed25519 where absent. */
  readonly hostKeys?: readonly KeyType[];
  /** The client's key; Ed25519 where absent. */
  readonly clientKey?: KeyType;
  /** What stands behind `Subsystem sftp`; null leaves the line out. */
  readonly subsystem?: string | null;
  /** Further lines of sshd_config, before all others: sshd takes the first of each. */
  readonly config?: readonly string[];
}

/** A server that listens. There is no password: only the key opens it. */
export interface Sshd {
  /** `127.0.0.1` */
  readonly host: string;
  readonly port: number;
  /** The account that it lets in: the one that runs the test. */
  readonly user: string;
  /** The name under which {@linkcode sshConfig} knows it. */
  readonly alias: string;
  /** An ssh_config with everything to connect to {@linkcode alias}: `ssh -F FILE ALIAS`. */
  readonly sshConfig: string;
  /** The client's private key; the public one stands beside it with `.pub`. */
  readonly clientKey: string;
  /** A known_hosts file with all host keys, as `[127.0.0.1]:PORT`. */
  readonly knownHosts: string;
  /** The private host keys; each public one stands beside it with `.pub`. */
  readonly hostKeys: readonly string[];
  /** A directory for whatever else the test keeps of this server. */
  readonly directory: string;
  /** What sshd has logged so far. */
  log(): Promise<string>;
}

/**
 * Runs `use` with a real sshd that listens on a free port of 127.0.0.1 and runs as the current
 * user, and stops it afterwards. As root it needs `/run/sshd`, which is made.
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

/** What does not change with the port. */
interface Prepared {
  readonly user: string;
  readonly clientKey: string;
  readonly hostKeys: readonly string[];
  readonly config: readonly string[];
}

async function prepared(directory: string, options: SshdOptions): Promise<Prepared> {
  const clientKey = `${directory}/client_key`;
  await makeKey(clientKey, options.clientKey ?? "ed25519");
  const hostKeys: string[] = [];
  for (const type of options.hostKeys ?? ["ed25519"]) {
    const path = `${directory}/host_key_${type}`;
    await makeKey(path, type);
    hostKeys.push(path);
  }
  const authorizedKeys = `${directory}/authorized_keys`;
  const keyOptions = keyOptionsOf(options);
  const publicKey = await Deno.readTextFile(`${clientKey}.pub`);
  await Deno.writeTextFile(authorizedKeys, keyOptions + publicKey, { mode: 0o600 });
  const subsystem = options.subsystem === undefined ? "internal-sftp" : options.subsystem;
  const config = [
    ...options.config ?? [],
    ...hostKeys.map((path) => `HostKey "${path}"`),
    `AuthorizedKeysFile "${authorizedKeys}"`,
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
  return { user: (await runOk("id", ["-un"])).trim(), clientKey, hostKeys, config };
}

function keyOptionsOf({ command, keyOptions = "restrict" }: SshdOptions): string {
  const all = keyOptions === "" ? [] : [keyOptions];
  if (command !== undefined) all.push(`command="${command.replaceAll('"', '\\"')}"`);
  return all.length === 0 ? "" : `${all.join(",")} `;
}

/** sshd gives its sessions next to nothing of its own environment. */
function environment(): string[] {
  const pairs = PASSED_ON
    .map((name) => [name, Deno.env.get(name)] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `"${name}=${value}"`);
  return pairs.length === 0 ? [] : [`SetEnv ${pairs.join(" ")}`];
}

async function makeKey(path: string, type: KeyType): Promise<void> {
  await runOk("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "test", "-f", path]);
}

interface Started {
  readonly sshd: Sshd;
  stop(): Promise<void>;
}

async function started(directory: string, prepared: Prepared): Promise<Started> {
  for (let attempts = 1;; attempts++) {
    const port = freePort();
    const logFile = `${directory}/log_${attempts}`;
    const process = await listening(directory, { port, logFile, config: prepared.config });
    if (process !== undefined) {
      const sshd = await described(directory, { port, logFile, prepared });
      return { sshd, stop: () => stopped(process) };
    }
    if (attempts === PORT_ATTEMPTS) {
      throw new Error(`sshd does not start\n${await Deno.readTextFile(logFile)}`);
    }
  }
}

/** Starts sshd and waits until it listens; nothing where it ends instead. */
async function listening(
  directory: string,
  { port, logFile, config }: {
    readonly port: number;
    readonly logFile: string;
    readonly config: readonly string[];
  },
): Promise<Deno.ChildProcess | undefined> {
  const configFile = `${directory}/sshd_config`;
  const lines = [`ListenAddress 127.0.0.1`, `Port ${port}`, ...config];
  await Deno.writeTextFile(configFile, lines.join("\n") + "\n");
  await Deno.writeTextFile(logFile, "");
  // sshd wants to be called by its absolute path, because it starts itself again.
  const process = new Deno.Command(programPath("sshd"), {
    args: ["-D", "-E", logFile, "-f", configFile],
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
  const { user, clientKey, hostKeys } = prepared;
  const host = "127.0.0.1";
  const alias = "box";
  const sshConfig = `${directory}/ssh_config`;
  const knownHosts = `${directory}/known_hosts`;
  const publicKeys = await Promise.all(hostKeys.map((path) => Deno.readTextFile(`${path}.pub`)));
  await Deno.writeTextFile(
    knownHosts,
    publicKeys.map((key) => `[${host}]:${port} ${key}`).join(""),
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
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
