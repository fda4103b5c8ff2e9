/**
 * The permissions and arguments of a program for one remote server.
 *
 * @module
 */

import { THIS_PROGRAM } from "../../lib/cli/hooks/helper_process.ts";
import { UsageError } from "../../lib/cli/errors.ts";
import { parseProxyOptions, type ProxyCommandOptions } from "../../lib/cli/proxy/options.ts";

/** Variables that every session reads. */
export const SESSION_VARIABLES: readonly string[] = [
  ...["USER", "LOGNAME", "HOME", "SSH_CONNECTION", "SSH_ORIGINAL_COMMAND"],
];

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

/** What is baked into a program. */
export interface Scope {
  /** Flags of Deno, except those for the environment and for libc. */
  readonly permissions: readonly string[];
  /** Variables that are read. */
  readonly variables: readonly string[];
  /** Arguments. */
  readonly baked: readonly string[];
}

/** Why options cannot be baked in. */
export const NOT_A_SESSION = "options of a program must be those of a session";

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
): Scope {
  const match = /^((?:[^@]+@)?)(\[[^\]]+\]|[^:@]+):(\d+)$/.exec(place);
  if (match === null) throw new TypeError(`--proxy ${place} is not [USER@]HOST:PORT`);
  const [, user = "", host = "", port = ""] = match;
  if (user.includes(":")) throw new TypeError("a program must not hold a password");
  const baked = ["proxy", "-p", port, ...args, user + host];
  const options = sessionOptions(parseProxyOptions, baked.slice(1));
  if (options.agent) {
    throw new TypeError("a program for one host reaches no agent, whose socket has no fixed place");
  }
  if (`${options.destination.port}` !== port || options.destination.host !== bare(host)) {
    throw new TypeError("the options of the proxy name another host or port");
  }
  const isChild = options.transport === "openssh";
  const programs = [
    ...isChild ? ["ssh"] : [],
    // The helper of its hooks.
    ...options.hooks === undefined ? [] : [THIS_PROGRAM],
  ];
  return {
    permissions: [
      ...scopeOf("read", readFiles(options, home)),
      ...scopeOf("write", writtenFiles(options, home)),
      ...isChild ? [] : [`--allow-net=${host}:${port}`],
      ...programs.length === 0 ? [] : [`--allow-run=${programs.join(",")}`],
    ],
    variables: [...SESSION_VARIABLES, ...PROXY_VARIABLES.slice(1)],
    baked,
  };
}

/** The options that the program will find in its arguments. */
export function sessionOptions<T extends object>(
  parse: (args: readonly string[]) => T,
  args: readonly string[],
): Exclude<T, { readonly print: string }> {
  try {
    const parsed = parse(args);
    if (!("print" in parsed)) return parsed as ReturnType<typeof sessionOptions<T>>;
  } catch (error) {
    if (error instanceof UsageError) throw new TypeError(error.message);
    throw error;
  }
  throw new TypeError(NOT_A_SESSION);
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

/** A permission for some paths; Deno splits them at commas, and a comma cannot be escaped. */
export function scopeOf(kind: "read" | "write", paths: readonly string[]): string[] {
  for (const path of paths) {
    if (!path.startsWith("/")) throw new TypeError(`${path} must be an absolute path`);
    if (path.includes(",")) throw new TypeError(`${path} holds a comma, and so cannot be a scope`);
  }
  return paths.length === 0 ? [] : [`--allow-${kind}=${paths.join(",")}`];
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
