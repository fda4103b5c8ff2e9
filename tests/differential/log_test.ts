import { assert, assertEquals } from "@std/assert";
import { withTempDir } from "../support/files.ts";
import { ask, type Reply, type Request } from "../support/raw.ts";
import { ChildServer, sftpwrap } from "../support/wire_session.ts";
import { layAccounts, layOracle, needsOracle, startOracle, ZONE } from "./oracle.ts";

/** What sshd tells about the client. */
const CONNECTION = { SSH_CONNECTION: "192.0.2.7 50022 192.0.2.1 22" };

const ATTRS = {
  size: 2,
  uid: 1,
  gid: 2,
  permissions: 0o4711,
  atime: 1_000_000_000,
  mtime: 1_200_000_000,
};

/** What is asked, in order; an open file and an open directory are lent to the steps. */
const steps: readonly (Request | ((handles: readonly Uint8Array[]) => Request))[] = [
  ask.open("etc/../new", 2 | 8 | 16, { permissions: 0o640 }),
  (handles) => ask.write(handles[0]!, 0, "abc"),
  (handles) => ask.fsync(handles[0]!),
  (handles) => ask.fsetstat(handles[0]!, ATTRS),
  (handles) => ask.fsetstat(handles[0]!, { permissions: 0o100640 }),
  (handles) => ask.fstatvfs(handles[0]!),
  (handles) => ask.close(handles[0]!),
  (handles) => ask.fsetstat(handles[0]!, ATTRS),
  ask.open("/new", 1),
  (handles) => ask.read(handles[1]!, 0, 100),
  (handles) => ask.fstat(handles[1]!),
  (handles) => ask.close(handles[1]!),
  ask.open("/all", 63, { permissions: 0o104755 }),
  ask.open("/all", 63),
  ask.open("/none", 0),
  ask.open("/seven", 8, { permissions: 7 }),
  ask.open("/missing", 1),
  ask.opendir("etc"),
  (handles) => ask.readdir(handles[4]!),
  (handles) => ask.close(handles[4]!),
  ask.opendir("missing"),
  ask.stat("/missing"),
  ask.lstat("/new"),
  ask.setstat("/new", ATTRS),
  ask.setstat("/new", { permissions: 7 }),
  ask.setstat("/new", { permissions: 0xffffffff }),
  ask.lsetstat("/new", { uid: 3, gid: 4, atime: 1, mtime: 2 }),
  ask.lsetstat("/new", { size: 1, permissions: 7 }),
  ask.mkdir("/d", { permissions: 0o40700 }),
  ask.mkdir("/e"),
  ask.mkdir("/e"),
  ask.mkdir("/f", { permissions: 0 }),
  ask.rmdir("/d"),
  ask.rename("/e", "/g"),
  ask.posixRename("/g", "/h"),
  ask.symlink("a b", "/link"),
  ask.readlink("/link"),
  ask.realpath("."),
  ask.realpath(""),
  ask.expandPath(""),
  ask.hardlink("/new", "/second"),
  ask.remove("/second"),
  ask.statvfs("/"),
  ask.limits(),
  ask.expandPath("/etc/.."),
  ask.extended("no-such-extension"),
  ask.stat("/Grüße 🐟"),
  // Two names that a log must not make one of.
  ask.stat("/a\\012b"),
  ask.stat("/a\x01\\b"),
  ask.open("left", 2 | 8),
  ask.opendir("/"),
];

/** What ours says, line by line, where OpenSSH's server says something else. */
const differences: readonly {
  readonly reason: string;
  readonly theirs: RegExp;
  readonly ours: string;
}[] = [
  {
    reason: "a handle's file is told by its whole path, wherever the session started",
    theirs: /^((?:forced )?(?:close|closedir|fsync|set) ")([^/])/,
    ours: "$1/$2",
  },
  {
    reason: "FAILURE says why",
    theirs: /^sent status Failure$/,
    ours: "sent status Failure: ...",
  },
  {
    reason: "letters of any script stay legible; what could fake a line is escaped all the same",
    theirs: /^stat name "\/Gr\\303.*"$/,
    ours: 'stat name "/Grüße 🐟"',
  },
];

Deno.test({
  name: "the log has the lines of OpenSSH's, in its words",
  ...needsOracle(),
  async fn() {
    await withTempDir(async (directory) => {
      const roots = { theirs: `${directory}/theirs`, ours: `${directory}/ours` };
      for (const root of Object.values(roots)) {
        await Deno.mkdir(root);
        layAccounts(root);
      }
      layOracle(roots.theirs);
      const theirs = await lines(startOracle(roots.theirs, ["-l", "VERBOSE"], CONNECTION));
      const ours = await lines(
        new ChildServer(sftpwrap(["jail", "-e", "--log-level", "VERBOSE", roots.ours]), {
          env: { TZ: ZONE, USER: "root", ...CONNECTION, SSH_ORIGINAL_COMMAND: "internal-sftp" },
        }),
      );
      const needed = new Set<RegExp>();
      const expected = theirs.map((line) => {
        const difference = differences.find((known) => known.theirs.test(line));
        if (difference === undefined) return line;
        needed.add(difference.theirs);
        return line.replace(difference.theirs, difference.ours);
      });
      const told = ours.filter((line) => !/^(?:ring|confined by|serving jail) /.test(line))
        .map((line) => line.replace(/^(sent status Failure): .+$/, "$1: ..."));
      assertEquals(told, expected);
      assertEquals(differences.filter((known) => !needed.has(known.theirs)), []);
    });
  },
});

/** The lines of a session, without time, program and process. */
async function lines(server: ChildServer): Promise<string[]> {
  await server.greet();
  const handles: Uint8Array[] = [];
  for (const step of steps) {
    const reply: Reply = await server.ask(typeof step === "function" ? step(handles) : step);
    if (reply.kind === "handle") handles.push(reply.handle);
  }
  const { code, stderr } = await server.end();
  assert(code === 0, stderr);
  return stderr.trimEnd().split(/\r?\n/).map((line) => line.replace(/^.* sftpwrap\[\d+\]: /, ""));
}
