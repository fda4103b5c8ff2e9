import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeFile, makeTree, noise, sha256, treeOf } from "../support/files.ts";
import { testSftp } from "./gridfs.ts";
import { sftp, sftpOk } from "./sftp.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

testSftp("puts and gets files of 0, 1 KiB, a chunk and a byte less and more, and 64 MiB", async (
  stored,
) => {
  const { local } = stored;
  for (const length of [0, KiB, 255 * KiB - 1, 255 * KiB, 255 * KiB + 1, 64 * MiB]) {
    const digest = await makeFile(`${local}/file`, length, length + 1);
    await sftpOk(stored, ["put file", "get file back"]);
    assertEquals(await sha256(`${local}/back`), digest, `${length} bytes`);
  }
});

testSftp("puts and gets in pieces of odd sizes", async (stored) => {
  const { local } = stored;
  const digest = await makeFile(`${local}/odd`, 3 * MiB + 1);
  await sftpOk(stored, ["put odd", "get odd back"], ["-B", "1009", "-R", "200"]);
  assertEquals(await sha256(`${local}/back`), digest);
});

testSftp("puts and gets a tree, with modes and times (-r, -p)", async (stored) => {
  const { local } = stored;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`, { smallFiles: 10 });
  await sftpOk(stored, ["put -rp tree", "get -rp tree back"]);
  const kept = { modes: true, times: true };
  assertEquals(await treeOf(`${local}/back`, kept), await treeOf(`${local}/tree`, kept));
});

testSftp("resumes an interrupted upload and download", async (stored) => {
  const { local } = stored;
  const digest = await makeFile(`${local}/file`, 3 * MiB + 7);
  const bytes = noise(3 * MiB + 7);
  for (const command of ["reput file", "put -a file"]) {
    await Deno.writeFile(`${local}/part`, bytes.subarray(0, MiB + 3));
    await sftpOk(stored, ["put part file", command, "get file back"]);
    assertEquals(await sha256(`${local}/back`), digest, command);
  }
  for (const command of ["reget file back", "get -a file back"]) {
    await Deno.writeFile(`${local}/back`, bytes.subarray(0, 2 * MiB + 1));
    await sftpOk(stored, [command]);
    assertEquals(await sha256(`${local}/back`), digest, command);
  }
});

testSftp("overwrites a longer file with a shorter one", async (stored) => {
  const { local } = stored;
  await makeFile(`${local}/long`, 900_000, 1);
  const digest = await makeFile(`${local}/short`, 600_000, 2);
  await sftpOk(stored, ["put long file", "put short file", "get file back"]);
  assertEquals(await sha256(`${local}/back`), digest);
});

testSftp("renames files and whole directories, and over a target", async (stored) => {
  const { local } = stored;
  const digest = await makeFile(`${local}/new`, 300_000, 1);
  await makeFile(`${local}/old`, 1000, 2);
  const commands = ["mkdir a", "mkdir a/b", "put new a/b/new", "put old a/b/old"];
  await sftpOk(stored, [...commands, "rename a/b/new a/b/old", "rename a c", "get -r c back"]);
  assertEquals(await treeOf(`${local}/back`), ["b/", `b/old ${digest}`]);
});

testSftp("makes symbolic links, and changes modes and owners", async (stored) => {
  const { local } = stored;
  await makeFile(`${local}/file`, 1000);
  const commands = ["put file", "symlink file link", "chmod 640 file", "chown 12 file"];
  const listed = await sftpOk(stored, [...commands, "ls -ln", "get link back"]);
  assertMatch(listed, /^-rw-r----- +\S+ 12 +\d+ +1000 .* file$/m);
  assertMatch(listed, /^lrwxrwxrwx .* link/m);
  assertEquals(await sha256(`${local}/back`), await sha256(`${local}/file`));
});

testSftp("says why a request fails", async (stored) => {
  await sftpOk(stored, ["mkdir d", "mkdir d/e"]);
  const cases = [
    ["get none", "not found"],
    ["rmdir d", "Failure"],
    ["cd none", "No such file"],
    ["mkdir d", "Failure"],
    ["rename d d/e/f", "Bad message"],
  ] as const;
  for (const [command, reason] of cases) {
    const { code, stderr } = await sftp(stored, [command]);
    assertEquals(code, 1, command);
    assertStringIncludes(stderr, reason);
  }
});

testSftp("shows the space of the database (df)", async (stored) => {
  assertMatch(await sftpOk(stored, ["df"]), /\d+ +\d+ +\d+ +\d+ +\d+%/);
});
