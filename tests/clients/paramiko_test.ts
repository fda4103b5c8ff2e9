import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";
import { makeFile, sha256 } from "../support/files.ts";
import { needs } from "../support/programs.ts";
import { runOk } from "../support/run.ts";
import { needsPython, pythonWith } from "./python.ts";
import { overSshd } from "./ways.ts";

const SCRIPT = fileURLToPath(new URL("./paramiko_session.py", import.meta.url));

const LENGTH = 3_000_017;

/** The errno that paramiko derives from a status; there is none for FAILURE. */
const ENOENT = 2;

const programs = needs("sshd", "ssh-keygen");

Deno.test({
  name: "paramiko transfers, checksums, lists, renames, links, and gets an error for what fails",
  ...(programs.ignore ? programs : needsPython("paramiko")),
  fn: () =>
    overSshd({}, async ({ jail, local, sshd }) => {
      const digest = await makeFile(`${local}/file`, LENGTH);
      const { clientKey, knownHosts, port, user } = sshd;
      const printed = await runOk(pythonWith("paramiko") ?? "python3 with paramiko", [
        SCRIPT,
        clientKey,
        knownHosts,
        String(port),
        user,
        local,
      ]);
      const { longname, command, failures, exclusive, rename, ...found } = JSON.parse(printed);
      assertEquals(await sha256(`${local}/back`), digest);
      assertEquals(found, {
        sha256: digest,
        stat: [0o640, LENGTH, 1_000_000_000, 1_100_000_000],
        fstat: LENGTH,
        truncated: 60_000,
        tail: "end",
        cwd: "/dir",
        listdir: 250,
        iterated: 250,
        normalized: ["/dir", "/", "/", "/dir/f1", "/dir/new", "/"],
        names: ["dir", "file", "pieces"],
        isdir: true,
        readlink: "dir/f1",
        lstat: [true, true],
        left: ["renamed"],
      });
      assertMatch(longname, /^drwxr-x--- +2 \S+ +\S+ +\d+ \w{3} [ \d]\d \d\d:\d\d dir$/);
      assertEquals([command[0], command[2]], ["", 1]);
      assertMatch(command[1], /^sftpwrap: this account is for SFTP only: .*\n$/);
      const errnos = Object.entries<[string, number | null]>(failures)
        .map(([name, [, errno]]) => [name, errno]);
      assertEquals(Object.fromEntries(errnos), {
        open: ENOENT,
        stat: ENOENT,
        listdir: ENOENT,
        mkdir: null,
        rmdir: null,
        remove: null,
        readlink: null,
      });
      assertMatch(failures.rmdir[2], /^Failure: directory not empty$/);
      assertMatch(failures.mkdir[2], /^Failure: file exists$/);
      assertMatch(exclusive[2], /^Failure: file exists$/);
      assertMatch(rename[2], /^Failure: file exists$/);
      assertEquals(await Deno.stat(`${jail}/renamed`).then(({ size }) => size), 60_000);
    }),
});
