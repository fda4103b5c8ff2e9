import { assertEquals, assertThrows } from "@std/assert";
import {
  type CommandSpec,
  helpOf,
  kindOf,
  optionsHelp,
  type OptionSpec,
  parseOptions,
  usageOf,
} from "../../../lib/cli/options/args.ts";
import { UsageError } from "../../../lib/cli/errors.ts";
import { type JailOptions, parseJailOptions } from "../../../lib/cli/jail/options.ts";
import { parseGridFsOptions } from "../../../lib/cli/gridfs/options.ts";
import { parseProxyOptions } from "../../../lib/cli/proxy/options.ts";
import { noLimits, noSessionLimits } from "../../support/limits.ts";
import { LogLevel } from "../../../lib/session/log.ts";
import { requestNames } from "../../../lib/session/request_names.ts";

const specs: readonly OptionSpec[] = [
  { name: "umask", letter: "u", value: "OCTAL", help: "the umask" },
  { name: "read-only", letter: "R", help: "change nothing" },
  { name: "log-to-stderr", letter: "e", help: "log" },
  { name: "confine", value: "MODE", help: "how" },
];

function parsed(...args: string[]) {
  const { values, switches, operands } = parseOptions(args, specs);
  return { values: Object.fromEntries(values), switches: [...switches].sort(), operands };
}

Deno.test("parseOptions() takes every way to give a value", () => {
  for (
    const args of [["-u022"], ["-u", "022"], ["--umask=022"], ["--umask", "022"], ["-Ru022"], [
      "-Ru",
      "022",
    ]]
  ) {
    assertEquals(parsed(...args).values, { umask: "022" });
  }
});

Deno.test("parseOptions() takes switches together and apart", () => {
  for (const args of [["-eR"], ["-Re"], ["-e", "-R"], ["--log-to-stderr", "--read-only"]]) {
    assertEquals(parsed(...args).switches, ["log-to-stderr", "read-only"]);
  }
});

Deno.test("parseOptions() keeps values unchanged", () => {
  assertEquals(parsed("-u", "-5").values, { umask: "-5" });
  assertEquals(parsed("--umask=a=b").values, { umask: "a=b" });
  assertEquals(parsed("--umask=").values, { umask: "" });
  assertEquals(parsed("-u", "").values, { umask: "" });
  assertEquals(parsed("-u", "--").values, { umask: "--" });
  assertEquals(parsed("-u=022").values, { umask: "=022" });
  assertEquals(parsed("-u0x1F").values, { umask: "0x1F" });
});

Deno.test("parseOptions() keeps operands as text, before, between and after options", () => {
  assertEquals(parsed("007", "-R", "1e3", "-").operands, ["007", "1e3", "-"]);
  assertEquals(parsed("DIR", "--", "-R", "host", "--umask=1", "sftp"), {
    values: {},
    switches: [],
    operands: ["DIR", "-R", "host", "--umask=1", "sftp"],
  });
  assertEquals(parsed("--").operands, []);
  assertEquals(parsed("", "a b").operands, ["", "a b"]);
});

Deno.test("parseOptions() refuses what it does not understand, and names it", () => {
  const refused: [string[], string][] = [
    [["-x"], "unknown option -x"],
    [["-Rx"], "unknown option -x"],
    [["--unknown"], "unknown option --unknown"],
    [["--umas=1"], "unknown option --umas"],
    [["--no-umask"], "unknown option --no-umask"],
    [["--no-read-only"], "unknown option --no-read-only"],
    [["--read-only=yes"], "option --read-only takes no value"],
    [["-u"], "option -u needs a value"],
    [["--umask"], "option --umask needs a value"],
    [["-u1", "--umask=2"], "option --umask is given twice"],
    [["--__proto__=1"], "unknown option --__proto__"],
    [["--constructor"], "unknown option --constructor"],
  ];
  for (const [args, message] of refused) {
    assertThrows(() => parseOptions(args, specs), UsageError, message);
  }
});

Deno.test("parseOptions() takes an optional value only after =", () => {
  const syslog = [{ name: "syslog", letter: "f", value: "NAME", otherwise: "AUTH", help: "log" }];
  const read: [string[], string, string[]][] = [
    [["--syslog", "DIR"], "AUTH", ["DIR"]],
    [["--syslog=USER", "DIR"], "USER", ["DIR"]],
    [["-f", "USER", "DIR"], "USER", ["DIR"]],
    [["-fUSER", "DIR"], "USER", ["DIR"]],
    [["DIR", "--syslog"], "AUTH", ["DIR"]],
    [["--syslog="], "", []],
  ];
  for (const [args, value, operands] of read) {
    const parsed = parseOptions(args, syslog);
    assertEquals([parsed.values.get("syslog"), parsed.operands], [value, operands]);
  }
  assertEquals(optionsHelp(syslog), "  -f, --syslog[=NAME]  log");
});

Deno.test("optionsHelp() has a line for each option, with the texts aligned", () => {
  assertEquals(optionsHelp(specs).split("\n"), [
    "  -u, --umask OCTAL    the umask",
    "  -R, --read-only      change nothing",
    "  -e, --log-to-stderr  log",
    "      --confine MODE   how",
  ]);
});

const defaults: JailOptions = {
  directory: "DIR",
  startDirectory: undefined,
  logFile: undefined,
  idleTimeout: undefined,
  maxSession: undefined,
  logToStderr: false,
  logLevel: LogLevel.INFO,
  logFormat: "text",
  logTag: "sftpwrap",
  logRequired: false,
  logUser: undefined,
  logHash: undefined,
  syslog: undefined,
  umask: undefined,
  readOnly: false,
  deny: undefined,
  allow: undefined,
  command: undefined,
  allowHome: false,
  confine: "auto",
  check: false,
  quota: undefined,
  hooks: undefined,
  limits: noLimits,
  sessions: noSessionLimits,
  stateDirectory: undefined,
  uploads: { atomic: false, sync: false },
};

Deno.test("parseJailOptions() reads each option", () => {
  const read: [string[], Partial<JailOptions>][] = [
    [[], {}],
    [["-l", "/var/log/x"], { logFile: "/var/log/x" }],
    [["-lsftp.log"], { logFile: "sftp.log" }],
    [["--logfile=/x"], { logFile: "/x" }],
    [["-e"], { logToStderr: true }],
    [["--log-level", "verbose"], { logLevel: LogLevel.VERBOSE }],
    [["--log-level=DEBUG3"], { logLevel: LogLevel.DEBUG }],
    [["--log-level=QUIET"], { logLevel: LogLevel.QUIET }],
    [["--syslog"], { syslog: 4 }],
    [["--syslog=local7"], { syslog: 23 }],
    [["-f", "DAEMON"], { syslog: 3 }],
    [["-efAUTHPRIV"], { logToStderr: true, syslog: 10 }],
    [["--log-format=json"], { logFormat: "json" }],
    [["--log-format", "text"], { logFormat: "text" }],
    [["--log-required"], { logRequired: true }],
    [["--log-tag=sftp-server"], { logTag: "sftp-server" }],
    [["--log-tag", "a/b_2.c"], { logTag: "a/b_2.c" }],
    [["--log-hash", "sha512"], { logHash: "sha512" }],
    [["--log-user=alice@laptop"], {
      logTag: "sftpwrap(alice@laptop)",
      logUser: "alice@laptop",
    }],
    [["--log-user", "Ann B. [x]: 100%", "--log-tag=t"], {
      logTag: "t(Ann\\040B.\\040\\133x\\135\\072\\040100%)",
      logUser: "Ann B. [x]: 100%",
    }],
    [["--log-user=Zoë", "--log-format=json"], { logFormat: "json", logUser: "Zoë" }],
    [["-u", "0"], { umask: 0 }],
    [["-u", "022"], { umask: 0o22 }],
    [["-u777"], { umask: 0o777 }],
    [["-u", "0027"], { umask: 0o27 }],
    [["-d", "files"], { startDirectory: "files" }],
    [["-dfiles"], { startDirectory: "files" }],
    [["-R"], { readOnly: true }],
    [["-P", "remove,rmdir"], { deny: ["remove", "rmdir"] }],
    [["-Pfstat"], { deny: ["fstat"] }],
    [["-p", " stat , lstat,, "], { allow: ["stat", "lstat"] }],
    [["-p", ""], { allow: [] }],
    [["-c", "internal-sftp"], { command: "internal-sftp" }],
    [["--allow-home"], { allowHome: true }],
    [["--confine=portable"], { confine: "portable" }],
    [["--check"], { check: true }],
    [["--atomic-uploads"], { uploads: { atomic: true, sync: false } }],
    [["--sync-uploads"], { uploads: { atomic: true, sync: true } }],
    [["-eR", "-P", requestNames.join(",")], {
      logToStderr: true,
      readOnly: true,
      deny: requestNames,
    }],
  ];
  for (const [args, expected] of read) {
    assertEquals(parseJailOptions([...args, "DIR"]), { ...defaults, ...expected });
    assertEquals(parseJailOptions(["DIR", ...args]), { ...defaults, ...expected });
  }
});

Deno.test("parseJailOptions() ignores operands after DIR, as scp -D appends them", () => {
  assertEquals(parseJailOptions(["DIR", "--", "host", "sftp"]), defaults);
  assertEquals(parseJailOptions(["--", "-DIR", "more"]), { ...defaults, directory: "-DIR" });
});

Deno.test("parseJailOptions() refuses what looks like a misplaced option, value or DIR", () => {
  const refused: [string[], string][] = [
    [["--syslog", "LOCAL0", "DIR"], "option --syslog takes its value as --syslog=LOCAL0"],
    [["--syslog", "auth", "DIR"], "--syslog=auth"],
    [["DIR", "--syslog", "LOCAL7"], "--syslog=LOCAL7"],
    [["--syslog", "LOCAL9", "/srv/a"], 'more than one DIR: "LOCAL9" and "/srv/a"'],
    [["-R", "yes", "/srv/a"], 'more than one DIR: "yes" and "/srv/a"'],
    [["DIR", "--", "--read-only"], 'is after "--"'],
    [["--", "DIR", "-R"], 'is after "--"'],
    [["-l", "--read-only", "DIR"], "option -l needs a value, and --read-only is an option"],
    [["--logfile", "--umask=022", "DIR"], "needs a value"],
    [["--log-tag", "--read-only", "DIR"], "needs a value"],
    [["--logfile=", "DIR"], "option --logfile is empty"],
    [["-l", "", "DIR"], "option --logfile is empty"],
    [[""], "DIR is empty"],
    [["-R", "", "DIR"], "DIR is empty"],
  ];
  for (const [args, message] of refused) {
    assertThrows(() => parseJailOptions(args), UsageError, message);
  }
  assertEquals(parseJailOptions(["DIR", "--", "user@host", "sftp"]), defaults);
  assertEquals(parseJailOptions(["./auth", "--syslog"]), {
    ...defaults,
    directory: "./auth",
    syslog: 4,
  });
});

Deno.test("parseJailOptions() refuses what makes no sense", () => {
  const refused: [string[], string][] = [
    [[], "DIR is missing"],
    [["-l", "INFO", "DIR"], "--log-level INFO"],
    [["-l", "debug3", "DIR"], "--log-level debug3"],
    [["-lVERBOSE", "DIR"], "--log-level VERBOSE"],
    [["-f", "MAIL", "DIR"], 'unknown facility "MAIL"'],
    [["-f"], "needs a value"],
    [["--syslog=", "DIR"], 'unknown facility ""'],
    [["-f", "AUTH", "--syslog", "DIR"], "given twice"],
    [["--log-format=xml", "DIR"], 'not "xml"'],
    [["--log-tag=", "DIR"], 'not ""'],
    [["--log-tag=a b", "DIR"], 'not "a b"'],
    [["--log-tag=[1]:", "DIR"], 'not "[1]:"'],
    [["--log-tag", "x".repeat(33), "DIR"], "up to 32"],
    [["--log-hash=crc32", "DIR"], '--log-hash is md5, sha1, sha256 or sha512, not "crc32"'],
    [["--log-user=", "DIR"], "--log-user is up to 128 characters"],
    [["--log-user= ", "DIR"], 'not " "'],
    [["--log-user=a\nb", "DIR"], "without control characters"],
    [["--log-user=a\u202eb", "DIR"], "without control characters"],
    [["--log-user", "x".repeat(129), "DIR"], "up to 128"],
    [["-u", "8", "DIR"], "not an octal number"],
    [["-u", "1000", "DIR"], "not an octal number"],
    [["-u", "0o22", "DIR"], "not an octal number"],
    [["-u", "", "DIR"], "not an octal number"],
    [["-u", "-1", "DIR"], "not an octal number"],
    [["--log-level", "LOUD", "DIR"], 'unknown log level "LOUD"'],
    [["-P", "delete", "DIR"], 'unknown request "delete"'],
    [["-p", "stat,STAT", "DIR"], 'unknown request "STAT"'],
    [["-P", "stat", "-P", "lstat", "DIR"], "given twice"],
    [["--confine=maybe", "DIR"], '"maybe"'],
    [["-Q", "options"], 'cannot query "options"'],
    [["-Q"], "needs a value"],
    [["-d"], "needs a value"],
  ];
  for (const [args, message] of refused) {
    assertThrows(() => parseJailOptions(args), UsageError, message);
  }
});

Deno.test("every subcommand refuses a facility as a separate word, which would be its operand", () => {
  for (const parse of [parseJailOptions, parseProxyOptions, parseGridFsOptions]) {
    assertThrows(
      () => parse(["--syslog", "LOCAL0", "x"]),
      UsageError,
      "option --syslog takes its value as --syslog=LOCAL0",
    );
    assertThrows(() => parse(["--password-file=", "x"]), UsageError);
  }
});

Deno.test("the name of a value says what it is, and a file is never empty", () => {
  assertEquals(["FILE", "DIR", "USER", "LIST", "OCTAL", "toString"].map(kindOf), [
    ...["file", "directory", "user", "list"],
    ...[undefined, undefined],
  ]);
  for (const value of ["FILE", "PATH"]) {
    const place = [{ name: "place", value, help: "where" }];
    assertThrows(() => parseOptions(["--place="], place), UsageError, "option --place is empty");
  }
});

Deno.test("a help has a line for each form, the text and the options; a usage has the first form", () => {
  const spec: CommandSpec = {
    name: "serve",
    forms: ["[options] DIR", "HOST"],
    about: "\nServes.\n\n  sftpwrap serve /srv\n",
    options: specs.slice(0, 1),
  };
  assertEquals(
    helpOf(spec),
    `usage: sftpwrap serve [options] DIR
       sftpwrap serve HOST

Serves.

  sftpwrap serve /srv

  -u, --umask OCTAL  the umask
`,
  );
  assertEquals(usageOf(spec), "usage: sftpwrap serve [options] DIR");
});
