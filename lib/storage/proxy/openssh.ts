import { messageOf } from "../../message_of.ts";
import { TextLineStream } from "@std/streams";
import { withTimeout } from "../../async/with_timeout.ts";
import { type Connected, ConnectError, type ConnectOptions } from "./connection_options.ts";

/** How many of ssh's last lines are repeated in the reason of its end. */
const MAX_LINES = 4;

/** The most characters of a line of ssh's; the far side may send one that never ends. */
const MAX_LINE_CHARACTERS = 1000;

/**
 * Milliseconds to wait for ssh's last lines after it has ended: long enough for a busy machine,
 * since they are the reason to report, and limited, since a ProxyCommand may keep the stream open.
 */
const LAST_LINES_TIMEOUT_MS = 1000;

/**
 * Connects by the system's `ssh`, with all that it has: configuration, host keys, certificates,
 * FIDO keys, GSSAPI, ControlMaster.
 *
 * ssh does not say when it has reached the host: the first answer of the SFTP server shows it. If
 * there is none, `closed` has ssh's own words.
 *
 * @throws {ConnectError} If there is no ssh, or the host's name is not valid.
 */
export function connectByOpenssh(options: ConnectOptions): Connected {
  if (options.password !== undefined || options.passphrase !== undefined) {
    options.log(2, "ssh takes neither password nor passphrase from here: use its agent");
  }
  const child = spawn(opensshArguments(options));
  const words: string[] = [];
  const said = follow(child.stderr, { words, log: options.log });
  const closed = ending(child, { words, said });
  return {
    channel: { readable: child.stdout, writable: child.stdin, pid: child.pid },
    description: description(options),
    closed,
    close: async () => {
      stop(child);
      await closed;
    },
  };
}

/** The words of the command; no shell interprets them. */
export function opensshArguments(options: ConnectOptions): string[] {
  const { host, user, port, keys, connectTimeout, keepalive } = options;
  if (host.startsWith("-") || user?.startsWith("-") === true) {
    throw new ConnectError(`"${host}" is no name of a host`);
  }
  const settings: string[] = [
    "BatchMode=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "EscapeChar=none",
    "RequestTTY=no",
  ];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) settings.push(`${name}=${value}`);
  };
  // -i would not take a name with a percent sign.
  for (const key of keys ?? []) add("IdentityFile", quoted(key));
  settings.push(...hostKeySettings(options));
  add("ConnectTimeout", connectTimeout === 0 ? "none" : connectTimeout);
  add("ServerAliveInterval", keepalive);
  return [
    "-T",
    ...(options.sshConfig === undefined ? [] : ["-F", options.sshConfig]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(user === undefined ? [] : ["-l", user]),
    ...settings.flatMap((setting) => ["-o", setting]),
    "-s",
    "--",
    host,
    "sftp",
  ];
}

/**
 * How ssh should check the host's key. ssh takes the first value of each setting, so each is given
 * once: nothing given here contradicts it.
 */
function hostKeySettings({ knownHosts, verifyHost }: ConnectOptions): string[] {
  if (verifyHost === "off") {
    return [
      "StrictHostKeyChecking=no",
      // A key that was not verified is stored nowhere, and its connection is not shared.
      "UserKnownHostsFile=/dev/null",
      "GlobalKnownHostsFile=/dev/null",
      "UpdateHostKeys=no",
      "ControlMaster=no",
    ];
  }
  const settings: string[] = [];
  if (knownHosts !== undefined) {
    const files = knownHosts.length === 0 ? ["/dev/null"] : knownHosts.map(quoted);
    settings.push(
      `UserKnownHostsFile=${files.join(" ")}`,
      "GlobalKnownHostsFile=/dev/null",
    );
  }
  if (verifyHost !== undefined) {
    settings.push(`StrictHostKeyChecking=${verifyHost === "strict" ? "yes" : verifyHost}`);
  }
  return settings;
}

function spawn(args: string[]): Deno.ChildProcess {
  try {
    return new Deno.Command("ssh", { args, stdin: "piped", stdout: "piped", stderr: "piped" })
      .spawn();
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    const reason = messageOf(error);
    throw new ConnectError(isMissing ? "there is no ssh on PATH" : `ssh cannot run: ${reason}`);
  }
}

/** Logs what ssh says, and keeps the last lines. */
async function follow(
  stderr: ReadableStream<Uint8Array<ArrayBuffer>>,
  { words, log }: { readonly words: string[]; readonly log: ConnectOptions["log"] },
): Promise<void> {
  const lines = stderr.pipeThrough(new TextDecoderStream())
    .pipeThrough(shortLines())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const text = line.trim();
    if (text === "") continue;
    log(3, `ssh: ${text}`);
    words.push(text);
    if (words.length > MAX_LINES) words.shift();
  }
}

/** Cuts off the rest of a line that is too long. */
function shortLines(): TransformStream<string, string> {
  let length = 0;
  return new TransformStream({
    transform(text, controller) {
      for (const part of text.split(/(?<=\n)/)) {
        const isEnd = part.endsWith("\n");
        const room = Math.max(0, MAX_LINE_CHARACTERS - length);
        controller.enqueue(part.length <= room ? part : part.slice(0, room) + (isEnd ? "\n" : ""));
        length = isEnd ? 0 : length + part.length;
      }
    },
  });
}

async function ending(
  child: Deno.ChildProcess,
  { words, said }: { readonly words: readonly string[]; readonly said: Promise<void> },
): Promise<string> {
  const { code, signal } = await child.status;
  await withTimeout(said, LAST_LINES_TIMEOUT_MS, undefined);
  if (words.length > 0) return words.join("; ");
  return signal === null ? `ssh ended with exit status ${code}` : `ssh was ended by ${signal}`;
}

function stop(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGTERM");
  } catch (error) {
    // It has already ended.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function description({ host, user, port }: ConnectOptions): string {
  const place = host.includes(":") ? `[${host}]` : host;
  return `${user === undefined ? "" : `${user}@`}${place}${port === undefined ? "" : `:${port}`}`;
}

/** A path as a list of ssh_config takes it, without `~` or tokens to expand. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`;
}
