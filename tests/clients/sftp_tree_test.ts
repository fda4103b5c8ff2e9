import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { makeFile, sha256, treeOf } from "../support/files.ts";
import { runOk } from "../support/run.ts";
import { sftp, sftpOk } from "./sftp.ts";
import { testEachWay } from "./ways.ts";

testEachWay("lists as ls -l does (ls -la, ls -lh)", async (reached) => {
  const { jail } = reached;
  await makeFile(`${jail}/file with space`, 12345);
  await Deno.chmod(`${jail}/file with space`, 0o4751);
  await Deno.mkdir(`${jail}/dir`);
  await Deno.chmod(`${jail}/dir`, 0o1777);
  await Deno.symlink("file with space", `${jail}/link`);
  const user = (await runOk("id", ["-un"])).trim();
  const all = await sftpOk(reached, ["ls -la"]);
  const row = (mode: string, name: string, size = "[0-9]+") =>
    new RegExp(
      `^${mode} +\\S+ ${user} +\\S+ +${size} \\w{3} [ 0-9]\\d \\d\\d:\\d\\d ${name}\\s*$`,
      "m",
    );
  assertMatch(all, row("-rwsr-x--x", "file with space", "12345"));
  assertMatch(all, row("drwxrwxrwt", "dir"));
  assertMatch(all, row("lrwxrwxrwx", "link", "15"));
  assertMatch(all, / \.\s*$/m);
  assertMatch(all, / \.\.\s*$/m);
  assertMatch(await sftpOk(reached, ["ls -lh"]), / 12\.1KB? /);
});

testEachWay("lists by time, by size and backwards", async (reached) => {
  const { jail } = reached;
  for (const [index, name] of ["b", "a", "c"].entries()) {
    await makeFile(`${jail}/${name}`, 100 * (3 - index));
    const when = new Date(Date.UTC(2020, index));
    await Deno.utime(`${jail}/${name}`, when, when);
  }
  const listed = async (command: string) =>
    (await sftpOk(reached, [command])).split("\n").slice(1).map((line) => line.trim())
      .filter((line) => line !== "");
  assertEquals(await listed("ls -1"), ["a", "b", "c"]);
  assertEquals(await listed("ls -1t"), ["c", "a", "b"]);
  assertEquals(await listed("ls -1S"), ["b", "a", "c"]);
  assertEquals(await listed("ls -1rS"), ["c", "a", "b"]);
});

testEachWay("renames over an existing file", async (reached) => {
  const { jail } = reached;
  const digest = await makeFile(`${jail}/new`, 1000, 1);
  await makeFile(`${jail}/old`, 2000, 2);
  await sftpOk(reached, ["rename new old"]);
  assertEquals(await treeOf(jail), [`old ${digest}`]);
});

testEachWay(
  "replaces nothing with the rename request of the draft (rename -l)",
  async (reached) => {
    const { jail } = reached;
    const one = await makeFile(`${jail}/one`, 1000, 1);
    const two = await makeFile(`${jail}/two`, 2000, 2);
    const { code, stderr } = await sftp(reached, ["rename -l one two"]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "Failure");
    assertEquals(await treeOf(jail), [`one ${one}`, `two ${two}`]);
    await sftpOk(reached, ["rename -l one three", "mkdir dir", "rename -l dir other"]);
    assertEquals(await treeOf(jail), ["other/", `three ${one}`, `two ${two}`]);
  },
);

testEachWay("makes and removes directories", async (reached) => {
  const { jail } = reached;
  await sftpOk(reached, ["mkdir a", "mkdir a/b", "cd a", "pwd", "rmdir b", "cd ..", "mkdir c"]);
  assertEquals(await treeOf(jail), ["a/", "c/"]);
  await makeFile(`${jail}/c/file`, 10);
  const { code, stderr } = await sftp(reached, ["-rmdir c", "-rm a", "-mkdir a", "-rmdir c/file"]);
  assertEquals(code, 0);
  assertEquals(stderr.match(/Failure|No such file/g)?.length, 4, stderr);
  assertEquals((await treeOf(jail)).map((line) => line.split(" ")[0]), ["a/", "c/", "c/file"]);
});

testEachWay("removes files by pattern", async (reached) => {
  const { jail } = reached;
  for (const name of ["a.tmp", "b.tmp", "c"]) await makeFile(`${jail}/${name}`, 10);
  await sftpOk(reached, ["rm *.tmp"]);
  assertEquals((await treeOf(jail)).map((line) => line.split(" ")[0]), ["c"]);
});

testEachWay("makes symbolic links, also dangling ones, and hard links", async (reached) => {
  const { jail, local } = reached;
  await Deno.mkdir(`${jail}/dir`);
  const digest = await makeFile(`${jail}/dir/file`, 1000);
  await sftpOk(reached, [
    "ln -s dir/file relative",
    "ln -s /dir/file absolute",
    "ln -s ../nowhere dangling",
    "ln -s /dir folder",
    "ln dir/file hard",
    "get absolute",
    "get folder/file through",
  ]);
  assertEquals(await Deno.readLink(`${jail}/relative`), "dir/file");
  assertEquals(await Deno.readLink(`${jail}/absolute`), "/dir/file");
  assertEquals(await Deno.readLink(`${jail}/dangling`), "../nowhere");
  const [hard, file] = [await Deno.stat(`${jail}/hard`), await Deno.stat(`${jail}/dir/file`)];
  assertEquals([hard.ino, hard.nlink], [file.ino, 2]);
  assertEquals(await sha256(`${local}/absolute`), digest);
  assertEquals(await sha256(`${local}/through`), digest);
  const { code, stderr } = await sftp(reached, ["ln dir/file hard"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Failure");
});

testEachWay("changes modes, also of directories", async (reached) => {
  const { jail } = reached;
  await makeFile(`${jail}/file`, 10);
  await Deno.mkdir(`${jail}/dir`);
  await sftpOk(reached, ["chmod 604 file", "chmod 2750 dir"]);
  assertEquals(((await Deno.stat(`${jail}/file`)).mode ?? 0) & 0o7777, 0o604);
  assertEquals(((await Deno.stat(`${jail}/dir`)).mode ?? 0) & 0o7777, 0o2750);
});

testEachWay("does not change the mode of a link itself (chmod -h)", async (reached) => {
  const { jail } = reached;
  await makeFile(`${jail}/file`, 10);
  await Deno.chmod(`${jail}/file`, 0o640);
  await Deno.symlink("file", `${jail}/link`);
  const { code } = await sftp(reached, ["chmod -h 600 link"]);
  assertEquals(code, 1);
  assertEquals(((await Deno.stat(`${jail}/file`)).mode ?? 0) & 0o7777, 0o640);
});

testEachWay("gives files to their own owner (chown, chgrp)", async (reached) => {
  const { jail } = reached;
  await makeFile(`${jail}/file`, 10);
  await Deno.symlink("file", `${jail}/link`);
  const [uid, gid] = [Deno.uid(), Deno.gid()];
  await sftpOk(reached, [`chown ${uid} file`, `chgrp ${gid} file`, `chown ${uid} link`]);
  const info = await Deno.stat(`${jail}/file`);
  assertEquals([info.uid, info.gid], [uid, gid]);
});

testEachWay("gives links themselves to their own owner (chown -h, chgrp -h)", async (reached) => {
  const { jail } = reached;
  await Deno.symlink("nowhere", `${jail}/link`);
  const [uid, gid] = [Deno.uid(), Deno.gid()];
  await sftpOk(reached, [`chown -h ${uid} link`, `chgrp -h ${gid} link`]);
  const info = await Deno.lstat(`${jail}/link`);
  assertEquals([info.isSymlink, info.uid, info.gid], [true, uid, gid]);
}, { portable: false }); // Deno 2.6 has no lchown

testEachWay("shows how full the disk is (df)", async (reached) => {
  const rows = (await sftpOk(reached, ["df", "df -hi /"])).split("\n");
  const figures = rows[2]?.trim().split(/\s+/) ?? [];
  assertMatch(figures.join(" "), /^\d+ \d+ \d+ \d+ \d+%$/);
  const [size, used, , free] = figures.map(Number);
  assertNotEquals(size, 0);
  // Blocks reserved for root count as neither used nor available.
  assertEquals((used ?? 0) + (free ?? 0), size);
  assertStringIncludes(rows[4] ?? "", "Inodes");
});

testEachWay("reports missing files", async (reached) => {
  const { code, stderr } = await sftp(reached, ["-get none", "-ls none", "-cd none", "-rm none"]);
  assertEquals(code, 0);
  assertEquals(stderr.match(/not found|No such file/g)?.length, 4, stderr);
});

testEachWay("starts in the directory of -d, with / above it", async (reached) => {
  const { jail } = reached;
  await Deno.mkdir(`${jail}/start/here`, { recursive: true });
  const printed = await sftpOk(reached, ["pwd", "mkdir made", "cd ../../..", "pwd"]);
  assertEquals(printed.match(/(?<=Remote working directory: ).*/g), ["/start/here", "/"]);
  assertEquals(await treeOf(jail), ["start/", "start/here/", "start/here/made/"]);
}, { jailOptions: ["-d", "/start/here"] });
