import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { type Target, targetNamed, TARGETS } from "../../../lib/cli/authorize/target.ts";
import { UsageError } from "../../../lib/cli/errors.ts";
import { withTempDir } from "../../support/files.ts";
import { concat, str } from "../../support/raw.ts";
import { run, type RunResult } from "../../support/run.ts";
import { sftpwrap } from "../../support/wire_session.ts";

const BLOB = btoa(String.fromCharCode(...concat(str("ssh-ed25519"), str(new Uint8Array(32)))));
const KEY = `ssh-ed25519 ${BLOB}`;

async function authorize(...args: readonly string[]): Promise<RunResult> {
  const [deno = "", ...words] = sftpwrap(["authorize", ...args, "-"]);
  return await run(deno, words, { input: KEY });
}

async function assertLine(args: readonly string[], command: string, limits = ""): Promise<void> {
  const { code, stdout, stderr } = await authorize(...args);
  assertEquals([code, stderr, stdout], [0, "", `restrict,${limits}command="${command}" ${KEY}\n`]);
}

Deno.test("authorize writes a line for a proxy, with the options of the proxy", () =>
  assertLine(
    ["--proxy", "bob@far.example.org", "-p", "2222", "--root", "/in", "--upload-only"],
    "sftpwrap proxy --port=2222 --root=/in --upload-only bob@far.example.org",
  ));

Deno.test("authorize writes a line for GridFS, with its URI or the file that has it", async () => {
  await assertLine(
    ["--gridfs=mongodb://alice@db/files", "--password-file", "/etc/secret", "--bucket", "%u"],
    "sftpwrap gridfs --bucket=%u --password-file=/etc/secret mongodb://alice@db/files",
  );
  await assertLine(
    ["--s3=s3://files/%u", "--profile", "sftp"],
    "sftpwrap s3 --profile=sftp s3://files/%u",
  );
  await assertLine(["--uri-file", "/etc/uri"], "sftpwrap gridfs --uri-file=/etc/uri");
});

Deno.test("authorize writes from= and expiry-time= before the command", () =>
  assertLine(
    ["--jail", "/usr/share", "--from", "192.0.2.0/24,*.example.org", "--expiry-time", "20990101Z"],
    "sftpwrap jail /usr/share",
    'from="192.0.2.0/24,*.example.org",expiry-time="20990101Z",',
  ));

Deno.test("authorize puts no password into a line, and repeats none", async () => {
  const wrong: readonly (readonly [args: readonly string[], instead: string])[] = [
    [["--proxy", "bob:hush@far"], "--password-file FILE"],
    [["--proxy", "sftp://bob:hush@far/in"], "--password-file FILE"],
    [["--gridfs", "mongodb://bob:hush@db/files"], "--uri-file FILE"],
    [["--gridfs", "mongodb://db/files?tlsCertificateKeyFilePassword=hush"], "--uri-file FILE"],
  ];
  for (const [args, instead] of wrong) {
    const { code, stdout, stderr } = await authorize(...args);
    assertEquals([code, stdout, stderr.includes("hush")], [1, "", false], args.join(" "));
    assertStringIncludes(stderr, `use ${instead}`);
  }
});

Deno.test("authorize refuses what the session would refuse, by the table of its subcommand", () =>
  withTempDir(async (directory) => {
    const wrong: Readonly<Record<string, readonly string[]>> = {
      "--read-only and --upload-only contradict": ["--jail", directory, "-R", "--upload-only"],
      "--append-only and --no-overwrite contradict": [
        ...["--proxy", "far", "--append-only", "--no-overwrite"],
      ],
      "--jail and --proxy contradict each other": ["--jail", directory, "--proxy", "far"],
      "unknown option --confine": ["--proxy", "far", "--confine", "kernel"],
      "unknown option --port": ["--jail", directory, "--port", "22"],
      "unknown option --check": ["--jail", directory, "--check"],
      '"70000" is not a port': ["--proxy", "far", "--port", "70000"],
      "give the port with -p": ["--proxy", "far:22"],
      "--disable-known-hosts and --accept-new": ["--proxy", "far", "-d", "--accept-new"],
      "MONGODB-URI is not": ["--gridfs", "db/files"],
      "both --uri-file and a place": ["--gridfs", "mongodb://db/", "--uri-file", "/etc/uri"],
      "--from": ["--jail", directory, "--from", "10.0.0.1/8"],
      "--expiry-time": ["--jail", directory, "--expiry-time", "tomorrow"],
    };
    for (const [expected, args] of Object.entries(wrong)) {
      const { code, stdout, stderr } = await authorize(...args);
      assertEquals([code, stdout], [1, ""], expected);
      assertStringIncludes(stderr.split("\n")[0]!, expected);
    }
  }));

Deno.test("authorize --help lists the options of what the key is for", async () => {
  assertMatch((await authorize("--proxy", "far", "--help")).stdout, /--known-hosts FILE/);
  assertMatch((await authorize("--uri-file=x", "--help")).stdout, /--bucket NAME/);
  assertMatch((await authorize("--help")).stdout, /--confine MODE/);
});

Deno.test("targetNamed() looks only at options before --", () => {
  const name = (...args: string[]) => targetNamed(args).name;
  assertEquals(name("--jail", "x", "--", "--proxy"), "jail");
  assertEquals([name("--proxy=x"), name("--gridfs", "x"), name("key")], [
    "proxy",
    "gridfs",
    "jail",
  ]);
  assertThrows(() => name("--proxy=x", "--gridfs=y"), UsageError, "contradict");
});

Deno.test("a target says what it gives without a secret", () => {
  const [, proxy, gridfs] = TARGETS as readonly [Target, Target, Target];
  assertEquals(proxy.told(["--port=22", "bob:hush@far"]), "bob@far:22");
  assertEquals(gridfs.told(["mongodb://bob:hush@db,db2/files"]), "db,db2");
  assertEquals(gridfs.told(["--uri-file=/etc/uri"]), "/etc/uri");
});
