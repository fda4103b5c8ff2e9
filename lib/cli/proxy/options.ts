import type { HostVerification, SshTransport } from "../../storage/proxy/connection_options.ts";
import type { CommandSpec, OptionSpec, ParsedArgs } from "../options/args.ts";
import { UsageError } from "../errors.ts";
import { parseSession, type ServingOptions, sessionSpecs } from "../options/serving_options.ts";
import { oneOf } from "../options/values.ts";
import { type Destination, parseDestination, parsePort } from "./destination.ts";

const TRANSPORTS = ["ssh2", "openssh"] as const satisfies readonly SshTransport[];

/** What `sftpwrap proxy` was asked for. */
export interface ProxyCommandOptions extends ServingOptions {
  readonly destination: Destination;
  readonly transport: SshTransport;
  readonly key: string | undefined;
  readonly agent: boolean;
  readonly sshConfig: string | undefined;
  readonly knownHosts: string | undefined;
  readonly verifyHost: HostVerification | undefined;
  readonly passwordFile: string | undefined;
  readonly passphraseFile: string | undefined;
  /** Seconds. */
  readonly connectTimeout: number | undefined;
  /** Seconds. */
  readonly keepalive: number | undefined;
  /** The directory of the far side that the client sees as `/`. */
  readonly root: string | undefined;
}

const own: readonly OptionSpec[] = [
  {
    name: "key",
    letter: "k",
    value: "FILE",
    help: "private key (default: ~/.ssh/id_rsa, id_ed25519, id_ecdsa)",
  },
  { name: "port", letter: "p", value: "PORT", help: "port of HOST (default 22)" },
  { name: "ssh-agent", letter: "a", help: "use the keys of the agent" },
  {
    name: "ssh-config",
    letter: "c",
    value: "FILE",
    help: "ssh's configuration (default: ~/.ssh/config)",
  },
  {
    name: "known-hosts",
    letter: "n",
    value: "FILE",
    help: "known host keys (default: ~/.ssh/known_hosts)",
  },
  { name: "disable-known-hosts", letter: "d", help: "accept any host key (unsafe)" },
  { name: "accept-new", help: "accept and store the key of an unknown host" },
  { name: "password-file", value: "FILE", help: "the password is the first line of FILE" },
  {
    name: "passphrase-file",
    value: "FILE",
    help: "the key's passphrase is the first line of FILE",
  },
  { name: "connect-timeout", value: "SECONDS", help: "how long connecting may take" },
  { name: "keepalive", value: "SECONDS", help: "check that a silent HOST is alive; 0: never" },
  {
    name: "transport",
    value: "NAME",
    choices: TRANSPORTS,
    help: "ssh2 (default, built in), or openssh: the system's ssh",
  },
  { name: "root", value: "PATH", help: "the directory of HOST that the client sees as /" },
];

/** The command line of `sftpwrap proxy`; the letters are pysftpproxy's. */
export const proxySpec: CommandSpec = {
  name: "proxy",
  forms: [
    "[options] [USER[:PASSWORD]@]HOST",
    "[options] sftp://[USER[:PASSWORD]@]HOST[:PORT][/PATH]",
  ],
  about: `
Serves SFTP on standard input and output, and passes every request on to the
SFTP server of HOST. Others on this machine can see a PASSWORD on the command line:
--password-file does not show it, nor do the variables SFTPWRAP_PASSWORD and
SFTPWRAP_PASSPHRASE. PATH, where the session starts, is below the user's home;
with a second slash (//PATH) below the root.
`,
  options: sessionSpecs(own),
};

/**
 * Parses what follows `sftpwrap proxy`.
 *
 * @returns The options, or what to print instead of serving.
 * @throws {UsageError} If the command line cannot be understood; the message never has a password.
 */
export function parseProxyOptions(
  args: readonly string[],
): ProxyCommandOptions | { readonly print: string } {
  return parseSession(args, proxySpec, ownOptions);
}

function ownOptions({ values, switches, operands }: ParsedArgs) {
  const [text, second] = operands;
  if (text === undefined) throw new UsageError("HOST is missing");
  // Not repeated: without the blank of "-p 22" it may be a password.
  if (second !== undefined) throw new UsageError("there is more than one HOST");
  const destination = parseDestination(text);
  const port = values.get("port");
  const startDirectory = values.get("start-directory");
  if (startDirectory !== undefined && destination.path !== undefined) {
    throw new UsageError("both --start-directory and a path in the URL are given");
  }
  return {
    destination: port === undefined ? destination : { ...destination, port: parsePort(port) },
    transport: oneOf("transport", values.get("transport") ?? "ssh2", TRANSPORTS),
    key: values.get("key"),
    agent: switches.has("ssh-agent"),
    sshConfig: values.get("ssh-config"),
    knownHosts: values.get("known-hosts"),
    verifyHost: verification(switches),
    passwordFile: values.get("password-file"),
    passphraseFile: values.get("passphrase-file"),
    connectTimeout: seconds("connect-timeout", values.get("connect-timeout")),
    keepalive: seconds("keepalive", values.get("keepalive")),
    root: values.get("root"),
    startDirectory: startDirectory ?? destination.path,
  };
}

function verification(switches: ReadonlySet<string>): HostVerification | undefined {
  const off = switches.has("disable-known-hosts");
  const learning = switches.has("accept-new");
  if (off && learning) {
    throw new UsageError("--disable-known-hosts and --accept-new exclude each other");
  }
  return off ? "off" : learning ? "accept-new" : undefined;
}

function seconds(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,6}$/.test(value)) {
    throw new UsageError(`--${name} "${value}" is not a number of seconds`);
  }
  return Number(value);
}
