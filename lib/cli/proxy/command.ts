import type { Log } from "../../session/log.ts";
import { connect } from "../../storage/proxy/connect.ts";
import { type Connected, ConnectError } from "../../storage/proxy/connection_options.ts";
import { StartError } from "../errors.ts";
import { attend } from "../sessions/attend.ts";
import { environment, type Identity } from "../start/host.ts";
import { parseProxyOptions, type ProxyCommandOptions, proxySpec } from "./options.ts";
import { serveFrom } from "./session.ts";
import { exposure, findSecret } from "../start/secrets.ts";
import { warn } from "../start/start_log.ts";
import { runRemoteSession } from "../remote_session.ts";
import { runSubcommand } from "../subcommand.ts";

/** Runs `sftpwrap proxy`, and returns its exit status. */
export async function proxyCommand(args: readonly string[]): Promise<number> {
  return await runSubcommand(args, { spec: proxySpec, parse: parseProxyOptions, run, help });
}

async function help({ hooks }: ProxyCommandOptions): Promise<number> {
  return await (await import("../hooks/helper_process.ts")).help(hooks);
}

async function run(parsed: ProxyCommandOptions): Promise<number> {
  return await runRemoteSession(parsed, async ({ options, who, session, log }) => {
    const serves = { proxy: options.destination.host };
    const attendance = await attend(options, { who, session, serves });
    try {
      const connected = await connectTo(options, { who, log });
      try {
        return await serveFrom(connected, options, { who, session, log, attendance });
      } finally {
        await connected.close();
      }
    } catch (error) {
      if (error instanceof ConnectError) throw new StartError(error.message);
      throw error;
    }
  });
}

/** Connects to the far side as a session does. */
export async function connectTo(
  options: ProxyCommandOptions,
  { who, log }: { readonly who: Identity; readonly log: Log },
): Promise<Connected> {
  const { destination, passwordFile, passphraseFile, key, knownHosts } = options;
  const password = findSecret({
    what: "password",
    given: destination.password,
    file: passwordFile,
    variable: "SFTPWRAP_PASSWORD",
  });
  const passphrase = findSecret({
    what: "passphrase",
    file: passphraseFile,
    variable: "SFTPWRAP_PASSPHRASE",
  });
  warn(log, warnings(options));
  if (options.transport === "openssh") {
    const { closeInheritedOnExec } = await import("./inherited_descriptors.ts");
    closeInheritedOnExec();
  }
  return await connect({
    ...options,
    host: destination.host,
    user: destination.user,
    port: destination.port,
    keys: key === undefined ? undefined : [key],
    knownHosts: knownHosts === undefined ? undefined : [knownHosts],
    password,
    passphrase,
    environment: { ...who, agentSocket: environment("SSH_AUTH_SOCK") },
    log: (level, line) => log.write(level, line),
  });
}

function* warnings(options: ProxyCommandOptions): Iterable<string> {
  const { destination, passwordFile, passphraseFile, verifyHost } = options;
  if (destination.password !== undefined) {
    yield "others on this machine can see a password on the command line: use --password-file";
  }
  for (const file of [passwordFile, passphraseFile]) {
    const reason = file === undefined ? undefined : exposure(file);
    if (reason !== undefined) yield reason;
  }
  if (verifyHost === "off") {
    yield "the host's key is not verified: the connection may be intercepted";
  }
}
