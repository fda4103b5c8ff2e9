import { ConnectError, type ConnectOptions, type HostVerification } from "../connection_options.ts";
import { SshConfig } from "./ssh_config.ts";

const DEFAULT_PORT = 22;

/** The keys to try if none is named, as far as they exist. */
const DEFAULT_KEYS = ["id_rsa", "id_ed25519", "id_ecdsa"];

/** The default, in seconds. */
const DEFAULT_CONNECT_TIMEOUT_S = 30;
const DEFAULT_KEEPALIVE_COUNT = 3;

/** The most seconds that a timer can count; with more it fires at once. */
const MAX_TIMER_S = 2_147_483;

/** Authentication methods in the order in which ssh tries them. */
const METHODS = ["publickey", "keyboard-interactive", "password"] as const;

/** A way to authenticate. */
export type Method = typeof METHODS[number];

/** Everything that connecting to a host needs, after ssh_config has been applied. */
export interface Target {
  /** As given. */
  readonly alias: string;
  /** The name or address to connect to; a name is in lower case. */
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  /** 4 or 6 if only such addresses may be used, otherwise 0. */
  readonly family: 0 | 4 | 6;
  readonly localAddress: string | undefined;
  /** Hosts to go through, separated by commas as in ProxyJump; undefined for none. */
  readonly jumps: string | undefined;
  /** The name of the host in known_hosts. */
  readonly keyName: string;
  /** The name without its port, where that counts, too. */
  readonly keyNameWithoutPort: string | undefined;
  /** Files of known host keys; new keys go to the first one. */
  readonly userKnownHosts: readonly string[];
  readonly globalKnownHosts: readonly string[];
  readonly hashKnownHosts: boolean;
  /**
   * What happens to a host key that is not known. `off` comes from ssh_config and is as careful as
   * ssh; `unchecked` comes from the command line and checks nothing.
   */
  readonly verification: HostVerification | "unchecked";
  /** Files of private keys that must exist. */
  readonly keys: readonly string[];
  /** Whether only keys of {@linkcode keys} are taken from the agent. */
  readonly identitiesOnly: boolean;
  /** The agent's socket, if an agent is used. */
  readonly agentSocket: string | undefined;
  /** Which methods may be tried, in their order. */
  readonly methods: readonly Method[];
  /** Lists of algorithms as in ssh_config, with their `+`, `-` or `^`. */
  readonly algorithms: {
    readonly hostKey: string | undefined;
    readonly cipher: string | undefined;
    readonly mac: string | undefined;
    readonly kex: string | undefined;
    readonly publicKey: string | undefined;
  };
  /** Seconds that connecting may take; 0: no limit. */
  readonly connectTimeout: number;
  /** Seconds of silence before a keepalive request; 0: never. */
  readonly keepalive: number;
  /** How many keepalive requests may stay unanswered. */
  readonly keepaliveCount: number;
  /** Directives of ssh_config that have no effect here. */
  readonly passedOver: readonly string[];
}

/**
 * Collects everything that connecting to a host needs.
 *
 * @throws {ConnectError} If ssh_config cannot be followed.
 */
export function resolveTarget(options: ConnectOptions): Target {
  const { home, user: localUser = "", uid } = options.environment;
  const config = new SshConfig({
    host: options.host,
    user: options.user,
    localUser,
    uid,
    home,
    file: options.sshConfig,
  });
  const port = options.port ?? Number(config.value("port") ?? DEFAULT_PORT);
  const user = options.user ?? config.value("user") ?? localUser;
  if (user === "") throw new ConnectError(`no user is given for ${options.host}`);
  const hostName = hostNameOf(config);
  const alias = config.value("hostkeyalias")?.toLowerCase();
  const jumps = config.value("proxyjump");
  const path = pathExpander({
    host: options.host,
    hostName,
    port,
    user,
    localUser,
    home,
    keyName: alias,
  });
  return {
    alias: options.host,
    hostName,
    port,
    user,
    family: ({ inet: 4, inet6: 6 } as const)[config.value("addressfamily") ?? ""] ?? 0,
    localAddress: config.value("bindaddress"),
    jumps: jumps?.toLowerCase() === "none" ? undefined : jumps,
    keyName: alias ?? nameWithPort(hostName, port).toLowerCase(),
    keyNameWithoutPort: alias === undefined && port !== DEFAULT_PORT
      ? hostName.toLowerCase()
      : undefined,
    ...knownHostsOf(config, options, path),
    verification: verificationOf(config, options),
    ...identityOf(config, options, path),
    methods: methodsOf(config),
    algorithms: {
      hostKey: config.value("hostkeyalgorithms"),
      cipher: config.value("ciphers"),
      mac: config.value("macs"),
      kex: config.value("kexalgorithms"),
      publicKey: config.value("pubkeyacceptedalgorithms"),
    },
    connectTimeout: Math.min(
      options.connectTimeout ?? Number(config.value("connecttimeout") ?? DEFAULT_CONNECT_TIMEOUT_S),
      MAX_TIMER_S,
    ),
    keepalive: Math.min(
      options.keepalive ?? Number(config.value("serveraliveinterval") ?? 0),
      MAX_TIMER_S,
    ),
    keepaliveCount: Number(config.value("serveralivecountmax") ?? DEFAULT_KEEPALIVE_COUNT),
    passedOver: config.passedOver,
  };
}

/** The name of a host in known_hosts: in brackets and with its port if that is not 22. */
function nameWithPort(host: string, port: number): string {
  return port === DEFAULT_PORT ? host : `[${host}]:${port}`;
}

function hostNameOf(config: SshConfig): string {
  const name = config.hostName;
  // A name that begins with a dash would be an option of an ssh that gets it.
  if (name.startsWith("-") || /[\s\0]/.test(name)) {
    throw new ConnectError(`"${name}" is no name of a host`);
  }
  return name;
}

function knownHostsOf(
  config: SshConfig,
  options: ConnectOptions,
  path: (text: string, keyword: string) => string,
): Pick<Target, "userKnownHosts" | "globalKnownHosts" | "hashKnownHosts"> {
  const hashKnownHosts = config.isYes("hashknownhosts", false);
  if (options.knownHosts !== undefined) {
    return { userKnownHosts: options.knownHosts, globalKnownHosts: [], hashKnownHosts };
  }
  const ofUser = options.environment.home === undefined
    ? []
    : ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];
  const ofAll = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];
  return {
    userKnownHosts: files("UserKnownHostsFile", ofUser)
      .map((name) => path(name, "UserKnownHostsFile")),
    // ssh does not expand tokens here.
    globalKnownHosts: files("GlobalKnownHostsFile", ofAll)
      .map((name) => atHome(name, "GlobalKnownHostsFile", options.environment.home)),
    hashKnownHosts,
  };

  function files(keyword: string, otherwise: readonly string[]): readonly string[] {
    return (config.values(keyword.toLowerCase()) ?? otherwise)
      .filter((name) => name.toLowerCase() !== "none");
  }
}

function verificationOf(config: SshConfig, options: ConnectOptions): Target["verification"] {
  if (options.verifyHost !== undefined) {
    return options.verifyHost === "off" ? "unchecked" : options.verifyHost;
  }
  switch (config.value("stricthostkeychecking")) {
    case "no":
    case "false":
    case "off":
      return "off";
    case "accept-new":
      return "accept-new";
    default:
      // There is no terminal to ask.
      return "strict";
  }
}

function identityOf(
  config: SshConfig,
  options: ConnectOptions,
  path: (text: string, keyword: string) => string,
): Pick<Target, "keys" | "identitiesOnly" | "agentSocket"> {
  const { home, agentSocket } = options.environment;
  const configured = config.values("identityfile");
  const named = [
    ...options.keys ?? [],
    ...(configured ?? [])
      .filter((name) => name.toLowerCase() !== "none")
      .map((name) => path(name, "IdentityFile")),
  ];
  const isNamed = options.keys !== undefined && options.keys.length > 0 || configured !== undefined;
  const keys = isNamed || home === undefined
    ? named
    : DEFAULT_KEYS.map((name) => `${home}/.ssh/${name}`);
  return { keys, identitiesOnly: config.isYes("identitiesonly", false), agentSocket: agent() };

  function agent(): string | undefined {
    const name = config.value("identityagent");
    if (name === undefined || name.toLowerCase() === "none") return fromEnvironment(options.agent);
    if (name === "SSH_AUTH_SOCK" || name === "$SSH_AUTH_SOCK") return fromEnvironment(true);
    if (name.startsWith("$")) {
      throw new ConnectError(
        `IdentityAgent ${name}: the variable is not known here: use --transport=openssh`,
      );
    }
    return path(name, "IdentityAgent");
  }

  function fromEnvironment(isWanted: boolean): string | undefined {
    if (isWanted && (agentSocket === undefined || agentSocket === "")) {
      options.log(2, "no agent is asked: SSH_AUTH_SOCK is not set");
    }
    return isWanted && agentSocket !== "" ? agentSocket : undefined;
  }
}

function methodsOf(config: SshConfig): Method[] {
  const preferred = config.value("preferredauthentications")?.split(",") ?? METHODS;
  const isAllowed: Readonly<Record<Method, boolean>> = {
    publickey: config.isYes("pubkeyauthentication", true),
    "keyboard-interactive": config.isYes("kbdinteractiveauthentication", true),
    password: config.isYes("passwordauthentication", true),
  };
  return preferred.flatMap((name) => METHODS.filter((method) => method === name.trim()))
    .filter((method) => isAllowed[method]);
}

/** Expands `~` and the tokens of paths in ssh_config. */
function pathExpander(values: {
  readonly host: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly localUser: string;
  readonly home: string | undefined;
  readonly keyName: string | undefined;
}): (text: string, keyword: string) => string {
  const tokens: Readonly<Record<string, string | undefined>> = {
    "%": "%",
    d: values.home,
    h: values.hostName,
    k: values.keyName ?? values.host,
    n: values.host,
    p: String(values.port),
    r: values.user,
    u: values.localUser,
  };
  return (text, keyword) => {
    const path = atHome(text, keyword, values.home);
    if (text.includes("${")) {
      throw new ConnectError(
        `${keyword} ${text}: variables are not put in here: use --transport=openssh`,
      );
    }
    return path.replace(/%(.?)/gs, (token, letter: string) => {
      const value = tokens[letter];
      if (value !== undefined) return value;
      throw new ConnectError(
        `${keyword} ${text}: ${token} is not known here: use --transport=openssh`,
      );
    });
  };
}

/** Expands `~`. */
function atHome(text: string, keyword: string, home: string | undefined): string {
  if (!text.startsWith("~")) return text;
  if (home !== undefined && /^~(?:\/|$)/.test(text)) return `${home}${text.slice(1)}`;
  throw new ConnectError(
    `${keyword} ${text}: that home directory is not known here: use --transport=openssh`,
  );
}
