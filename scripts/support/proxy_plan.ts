/**
 * The permissions and arguments of a program for one remote server.
 *
 * @module
 */

import { UsageError } from "../../lib/cli/errors.ts";
import { parseProxyOptions, type ProxyCommandOptions } from "../../lib/cli/proxy/options.ts";

/** Variables that `sftpwrap proxy` reads beside those of every session. */
export const PROXY_VARIABLES: readonly string[] = [
  "SSH_AUTH_SOCK",
  "SFTPWRAP_PASSWORD",
  "SFTPWRAP_PASSPHRASE",
];

/** The directory of ssh's system-wide configuration. */
const COMMON_FILES = "/etc/ssh";

/** Keys that are tried if none is named. */
const DEFAULT_KEYS: readonly string[] = ["id_rsa", "id_ed25519", "id_ecdsa"];

/** Permissions to bake, and arguments. */
export interface ProxyScope {
  /** Flags of Deno, except those for the environment and for libc. */
  readonly permissions: readonly string[];
  /** Variables that are read. */
  readonly variables: readonly string[];
  readonly baked: readonly string[];
}

/**
 * The scope of a program for one remote server.
 *
 * @param place `[USER@]HOST:PORT`
 * @param args Options of `sftpwrap proxy` to bake in.
 * @param home The home directory of the account that the program is for, if it is known.
 * @throws {TypeError} If the place or the options are invalid.
 */
export function proxyScope(
  place: string,
  args: readonly string[],
  home: string | undefined,
): ProxyScope {
  const match = /^((?:[^@]+@)?)(\[[^\]]+\]|[^:@]+):(\d+)$/.exec(place);
  if (match === null) throw new TypeError(`--proxy ${place} is not [USER@]HOST:PORT`);
  const [, user = "", host = "", port = ""] = match;
  if (user.includes(":")) throw new TypeError("a program must not hold a password");
  const baked = ["proxy", "-p", port, ...args, user + host];
  const options = sessionOptions(baked.slice(1));
  if (`${options.destination.port}` !== port || options.destination.host !== bare(host)) {
    throw new TypeError("the options of the proxy name another host or port");
  }
  return {
    permissions: [
      ...scope("read", readFiles(options, home)),
      ...scope("write", writtenFiles(options, home)),
      options.transport === "openssh" ? "--allow-run=ssh" : `--allow-net=${host}:${port}`,
    ],
    variables: ["USER", "LOGNAME", "HOME", "SSH_CONNECTION", "SSH_ORIGINAL_COMMAND"]
      .concat(PROXY_VARIABLES.slice(1)),
    baked,
  };
}

function sessionOptions(args: readonly string[]): ProxyCommandOptions {
  let parsed: ReturnType<typeof parseProxyOptions>;
  try {
    parsed = parseProxyOptions(args);
  } catch (error) {
    if (error instanceof UsageError) throw new TypeError(error.message);
    throw error;
  }
  if ("print" in parsed) throw new TypeError("options of the proxy must be those of a session");
  if (parsed.agent) {
    throw new TypeError("a program for one host reaches no agent, whose socket has no fixed place");
  }
  return parsed;
}

function readFiles(options: ProxyCommandOptions, home: string | undefined): string[] {
  const { passwordFile, passphraseFile } = options;
  const secrets = [passwordFile, passphraseFile].filter((file) => file !== undefined);
  // The system's ssh reads its files itself.
  if (options.transport === "openssh") return secrets;
  const keys = options.key !== undefined ? [options.key] : inHome(DEFAULT_KEYS, home);
  const config = options.sshConfig !== undefined ? [options.sshConfig] : inHome(["config"], home);
  return [...keys, ...config, ...knownHosts(options, home), ...secrets, COMMON_FILES];
}

function writtenFiles(options: ProxyCommandOptions, home: string | undefined): string[] {
  const log = options.logFile === undefined ? [] : [options.logFile];
  const learns = options.verifyHost === "accept-new" && options.transport === "ssh2";
  return learns ? [...log, ...knownHosts(options, home).slice(0, 1)] : log;
}

function knownHosts(options: ProxyCommandOptions, home: string | undefined): string[] {
  const { knownHosts } = options;
  return knownHosts !== undefined ? [knownHosts] : inHome(["known_hosts", "known_hosts2"], home);
}

function inHome(names: readonly string[], home: string | undefined): string[] {
  if (home === undefined) {
    throw new TypeError("without HOME, the options of the proxy must name every file");
  }
  return names.map((name) => `${home}/.ssh/${name}`);
}

function scope(kind: "read" | "write", paths: readonly string[]): string[] {
  for (const path of paths) {
    if (!path.startsWith("/")) throw new TypeError(`${path} must be an absolute path`);
    if (path.includes(",")) throw new TypeError(`${path} holds a comma, and so cannot be a scope`);
  }
  return paths.length === 0 ? [] : [`--allow-${kind}=${paths.join(",")}`];
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
