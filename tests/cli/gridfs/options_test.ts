import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { noLimits, noSessionLimits } from "../../support/limits.ts";
import { UsageError } from "../../../lib/cli/errors.ts";
import { type GridFsCommandOptions, parseGridFsOptions } from "../../../lib/cli/gridfs/options.ts";

function parsed(...args: readonly string[]): GridFsCommandOptions {
  const options = parseGridFsOptions(args);
  if ("print" in options) throw new Error("There is something to print");
  return options;
}

function printed(...args: readonly string[]): string {
  const options = parseGridFsOptions(args);
  return "print" in options ? options.print : "";
}

Deno.test("parseGridFsOptions() knows the defaults", () => {
  assertEquals(parsed("mongodb://h/db"), {
    place: { uri: "mongodb://h/db", hosts: "h", database: "db", user: undefined, hasSecret: false },
    uriFile: undefined,
    passwordFile: undefined,
    database: undefined,
    bucket: undefined,
    check: false,
    startDirectory: undefined,
    logFile: undefined,
    logToStderr: false,
    logLevel: 3,
    logFormat: "text",
    logTag: "sftpwrap",
    logRequired: false,
    logUser: undefined,
    logHash: undefined,
    syslog: undefined,
    umask: undefined,
    uploads: { atomic: false, sync: false },
    hooks: undefined,
    readOnly: false,
    deny: undefined,
    allow: undefined,
    idleTimeout: undefined,
    maxSession: undefined,
    limits: noLimits,
    sessions: noSessionLimits,
    stateDirectory: undefined,
  });
});

Deno.test("parseGridFsOptions() takes every option", () => {
  const options = parsed(
    ...["-l", "log", "--log-to-stderr", "--log-level=DEBUG", "--bucket=photos", "--database", "d"],
    ...["--password-file=pw", "--check", "--start-directory=/in", "--umask=027", "--read-only"],
    ...["--deny-requests=remove,rmdir", "--allow-requests=open", "--log-format=json"],
    ...[
      "--log-tag=sftp-server",
      "--log-user=partner",
      "--log-hash=sha256",
      "--syslog=DAEMON",
      "--idle-timeout=15m",
      "--max-session=2h",
      "--deny=*.key",
      "--no-delete",
    ],
    "mongodb://alice@h/",
  );
  const { place, ...rest } = options;
  assertEquals(place?.user, "alice");
  assertEquals(rest, {
    uriFile: undefined,
    passwordFile: "pw",
    database: "d",
    bucket: "photos",
    check: true,
    startDirectory: "/in",
    logFile: "log",
    logToStderr: true,
    logLevel: 5,
    logFormat: "json",
    logTag: "sftp-server",
    logRequired: false,
    logUser: "partner",
    logHash: "sha256",
    syslog: 3,
    umask: 0o027,
    readOnly: true,
    deny: ["remove", "rmdir"],
    allow: ["open"],
    idleTimeout: 900_000,
    maxSession: 7_200_000,
    sessions: noSessionLimits,
    stateDirectory: undefined,
    limits: { ...noLimits, denyPaths: ["*.key"], noDelete: true },
    uploads: { atomic: false, sync: false },
    hooks: undefined,
  });
});

Deno.test("parseGridFsOptions() takes a host, a port and a database, like pysftpserver's example", () => {
  const { place, database } = parsed("localhost", "1234", "db");
  assertEquals([place?.uri, database], ["mongodb://localhost:1234/", "db"]);
});

Deno.test("parseGridFsOptions() works without a place, which a file or a variable may name", () => {
  assertEquals(parsed().place, undefined);
  assertEquals(parsed("--uri-file=f").uriFile, "f");
});

Deno.test("parseGridFsOptions() prints the help and the list of requests", () => {
  assertStringIncludes(printed("--help"), "sftpwrap gridfs [options] HOST PORT DATABASE");
  assertStringIncludes(printed("--query", "requests"), "rename");
});

Deno.test("parseGridFsOptions() refuses what is invalid, and repeats no operand", () => {
  for (
    const args of [
      ["secret"],
      ["secret", "1"],
      ["secret", "1", "db", "more"],
      ["mongodb://h/", "secret"],
      ["h", "0", "db"],
      ["h", "1", "se/cret"],
      ["--uri-file=f", "mongodb://a:secret@h/"],
      ["--database=x", "h", "1", "db"],
      ["--database=a.b", "mongodb://h/"],
      ["--bucket=", "mongodb://h/"],
      ["-l", "INFO", "mongodb://h/"],
    ]
  ) {
    const { message } = assertThrows(() => parseGridFsOptions(args), UsageError);
    assertEquals(message.includes("secret"), false, message);
  }
});
