import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/errors.ts";
import { parseProxyOptions, type ProxyCommandOptions } from "../../../lib/cli/proxy/options.ts";
import { noLimits, noSessionLimits } from "../../support/limits.ts";

function parsed(...args: readonly string[]): ProxyCommandOptions {
  const options = parseProxyOptions(args);
  if ("print" in options) throw new Error("There is something to print");
  return options;
}

Deno.test("parseProxyOptions() knows the defaults", () => {
  assertEquals(parsed("host"), {
    destination: {
      host: "host",
      user: undefined,
      password: undefined,
      port: undefined,
      path: undefined,
    },
    transport: "ssh2",
    key: undefined,
    agent: false,
    sshConfig: undefined,
    knownHosts: undefined,
    verifyHost: undefined,
    passwordFile: undefined,
    passphraseFile: undefined,
    connectTimeout: undefined,
    keepalive: undefined,
    root: undefined,
    startDirectory: undefined,
    logFile: undefined,
    idleTimeout: undefined,
    maxSession: undefined,
    logFormat: "text",
    logTag: "sftpwrap",
    logRequired: false,
    logUser: undefined,
    logHash: undefined,
    syslog: undefined,
    logToStderr: false,
    logLevel: 3,
    umask: undefined,
    uploads: { atomic: false, sync: false },
    hooks: undefined,
    readOnly: false,
    limits: noLimits,
    sessions: noSessionLimits,
    stateDirectory: undefined,
    deny: undefined,
    allow: undefined,
  });
});

Deno.test("parseProxyOptions() knows pysftpproxy's letters, and their long names", () => {
  const short = parsed("-l", "log", "-k", "key", "-p", "2222", "-a", "-c", "cfg", "-n", "kh", "h");
  const long = parsed(
    "--logfile=log",
    "--key=key",
    "--port=2222",
    "--ssh-agent",
    "--ssh-config=cfg",
    "--known-hosts=kh",
    "h",
  );
  assertEquals(short, long);
  const { logFile, key, agent, sshConfig, knownHosts, destination } = short;
  assertEquals([logFile, key, agent, sshConfig, knownHosts], ["log", "key", true, "cfg", "kh"]);
  assertEquals(destination.port, 2222);
  assertEquals(parsed("-d", "h"), parsed("--disable-known-hosts", "h"));
  assertEquals(parsed("-d", "h").verifyHost, "off");
});

Deno.test("parseProxyOptions() knows the jail's options by their long names", () => {
  const options = parsed(
    "--read-only",
    "--deny-requests=rename,symlink",
    "--allow-requests",
    "open,read",
    "--umask=027",
    "--log-to-stderr",
    "--log-level=verbose",
    "--log-format=json",
    "--syslog=LOCAL3",
    "h",
  );
  const { readOnly, deny, allow, umask, logToStderr, logLevel } = options;
  assertEquals([readOnly, deny, allow], [true, ["rename", "symlink"], ["open", "read"]]);
  assertEquals([umask, logToStderr, logLevel], [0o027, true, 4]);
  assertEquals([options.logFormat, options.syslog], ["json", 19]);
});

Deno.test("parseProxyOptions() knows how to connect", () => {
  const options = parsed(
    "--accept-new",
    "--connect-timeout=5",
    "--keepalive=0",
    "--transport=openssh",
    "--root=/srv",
    "--password-file=pw",
    "--passphrase-file=pp",
    "h",
  );
  const { verifyHost, connectTimeout, keepalive, transport, root } = options;
  assertEquals([verifyHost, connectTimeout, keepalive], ["accept-new", 5, 0]);
  assertEquals([transport, root], ["openssh", "/srv"]);
  assertEquals([options.passwordFile, options.passphraseFile], ["pw", "pp"]);
});

Deno.test("parseProxyOptions() has -p go before the port of a URL, and starts in its path", () => {
  const { destination, startDirectory } = parsed("-p", "1", "sftp://h:2/in");
  assertEquals([destination.port, startDirectory], [1, "in"]);
  assertEquals(parsed("--start-directory=/in", "h").startDirectory, "/in");
});

for (
  const args of [
    [],
    ["a", "b"],
    ["-p", "0", "h"],
    ["-p", "x", "h"],
    ["-p"],
    ["-x", "h"],
    ["--keepalive=soon", "h"],
    ["--connect-timeout=-1", "h"],
    ["--transport=telnet", "h"],
    ["--umask=8", "h"],
    ["--deny-requests=nothing", "h"],
    ["--log-level=loud", "h"],
    ["-d", "--accept-new", "h"],
    ["--start-directory=/a", "sftp://h/b"],
    ["--query=weather"],
  ]
) {
  Deno.test(`parseProxyOptions() refuses ${args.join(" ") || "nothing"}`, () => {
    assertThrows(() => parseProxyOptions(args), UsageError);
  });
}

Deno.test("parseProxyOptions() repeats no password where it refuses", () => {
  for (const args of [["a:secret@h", "more"], ["more", "a:secret@h"], ["a:secret@h:22"]]) {
    const { message } = assertThrows(() => parseProxyOptions(args), UsageError);
    assertEquals(message.includes("secret"), false, message);
  }
});

Deno.test("parseProxyOptions() has help and the list of requests printed", () => {
  for (const args of [["--help"], ["-h"], ["--query=requests"]]) {
    assertEquals("print" in parseProxyOptions(args), true);
  }
});
