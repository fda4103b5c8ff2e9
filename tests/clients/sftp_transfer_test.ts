import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeFile, noise, sha256, sha256Of, treeOf } from "../support/files.ts";
import { sftp, sftpOk } from "./sftp.ts";
import {
  goesOnWithDownloads,
  goesOnWithUploads,
  putsAndGets,
  putsAndGetsTrees,
} from "./sftp_transfers.ts";
import { testEachWay } from "./ways.ts";

const MiB = 1024 * 1024;

testEachWay(
  "puts and gets a file of 64 MiB",
  (reached) => putsAndGets(reached, { length: 64 * MiB + 12345 }),
);

testEachWay(
  "puts and gets in pieces of odd sizes",
  (reached) => putsAndGets(reached, { length: 3 * MiB + 1, options: ["-B", "1009", "-R", "200"] }),
);

testEachWay("gets with more requests under way than the pipes hold", async (reached) => {
  const { jail, local } = reached;
  const digest = await makeFile(`${jail}/file`, 3 * MiB + 1);
  await sftpOk(reached, ["get file back"], ["-B", "1009", "-R", "3000"]);
  assertEquals(await sha256(`${local}/back`), digest);
}, { portable: false }); // without poll(2), the server would wait to write while the client does

testEachWay("puts and gets an empty file", (reached) => putsAndGets(reached, { length: 0 }));

testEachWay("resumes an interrupted upload (reput, put -a)", goesOnWithUploads);

testEachWay("resumes an interrupted download (reget, -a)", goesOnWithDownloads);

testEachWay("does not resume an upload that is longer than its source", async (reached) => {
  const { jail, local } = reached;
  await makeFile(`${local}/file`, 1000);
  await makeFile(`${jail}/file`, 2000);
  const { code, stderr } = await sftp(reached, ["reput file"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "larger");
  assertEquals((await Deno.stat(`${jail}/file`)).size, 2000);
});

testEachWay("overwrites a longer file with a shorter one", async (reached) => {
  const { jail, local } = reached;
  await makeFile(`${jail}/file`, 90_000, 1);
  const digest = await makeFile(`${local}/file`, 80_000, 2);
  await sftpOk(reached, ["put file"]);
  assertEquals(await sha256(`${jail}/file`), digest);
});

testEachWay("puts and gets whole trees, with modes and times (-r, -p)", putsAndGetsTrees);

testEachWay("keeps the mode and the times of a single file (-p)", async (reached) => {
  const { jail, local } = reached;
  await makeFile(`${local}/file`, 100);
  await Deno.chmod(`${local}/file`, 0o640);
  const when = new Date("1999-12-31T23:59:58Z");
  await Deno.utime(`${local}/file`, when, when);
  await sftpOk(reached, ["put -p file"]);
  const { mode, mtime, atime } = await Deno.stat(`${jail}/file`);
  assertEquals([(mode ?? 0) & 0o7777, mtime, atime], [0o640, when, when]);
  await sftpOk(reached, ["get -p file back"]);
  assertEquals((await Deno.stat(`${local}/back`)).mtime, when);
});

testEachWay("puts with a flush to the disk (-f)", async (reached) => {
  const { jail, local } = reached;
  const digest = await makeFile(`${local}/file`, MiB);
  await sftpOk(reached, ["put -f file", "get -f file back"]);
  assertEquals(await sha256(`${jail}/file`), digest);
  assertEquals(await sha256(`${local}/back`), digest);
});

testEachWay("puts and gets what patterns match (mput, mget)", async (reached) => {
  const { jail, local } = reached;
  for (const [index, name] of ["a1.txt", "a2.txt", "b1.txt", "c.dat", "a [x].txt"].entries()) {
    await makeFile(`${local}/${name}`, 500, index + 1);
  }
  await Deno.mkdir(`${local}/back`);
  await sftpOk(reached, ["mkdir in", "cd in", "mput *.txt", "lcd back", "mget a*", "mget [b]1.*"]);
  const expected = await treeOf(local);
  const wanted = expected.filter((line) => /^(a.*|b1)\.txt /.test(line));
  assertEquals(await treeOf(`${jail}/in`), wanted);
  assertEquals(await treeOf(`${local}/back`), wanted);
});

testEachWay("copies on the server (copy)", async (reached) => {
  const { jail } = reached;
  const digest = await makeFile(`${jail}/from`, 9 * MiB + 5);
  await Deno.writeFile(`${jail}/long`, noise(10 * MiB));
  await sftpOk(reached, ["copy from to", "copy from long"]);
  assertEquals(await sha256(`${jail}/to`), digest);
  assertEquals(await sha256(`${jail}/long`), digest);
  assertEquals(await sha256(`${jail}/from`), digest);
});

testEachWay("transfers names with spaces, quotes and any script", async (reached) => {
  const { jail, local } = reached;
  const names = [
    "with space",
    "Grüße",
    "日本語",
    "🦕",
    `quo"te`,
    "it's",
    "-dash",
    "new*?[x]",
    "back\\slash",
  ];
  await Deno.mkdir(`${local}/names`);
  for (const [index, name] of names.entries()) await makeFile(`${local}/names/${name}`, 9 + index);
  await sftpOk(reached, ["put -r names", "get -r names back"]);
  const expected = await treeOf(`${local}/names`);
  assertEquals(expected.length, names.length);
  assertEquals(await treeOf(`${jail}/names`), expected);
  assertEquals(await treeOf(`${local}/back`), expected);
});

testEachWay("lists a directory of 3,000 entries whole", async (reached) => {
  const { jail } = reached;
  await Deno.mkdir(`${jail}/many`);
  for (let index = 0; index < 3000; index++) await Deno.writeTextFile(`${jail}/many/f${index}`, "");
  const listed = (await sftpOk(reached, ["cd many", "ls -1"]))
    .split("\n").filter((line) => line.startsWith("f"));
  assertEquals(new Set(listed).size, 3000);
});

testEachWay("refuses every change if the jail is read-only (-R)", async (reached) => {
  const { jail, local } = reached;
  const digest = await makeFile(`${jail}/file`, 1000);
  await makeFile(`${local}/other`, 1000, 2);
  const { code, stderr } = await sftp(reached, [
    "-put other",
    "-put other file",
    "-rename file moved",
    "-rm file",
    "-mkdir new",
    "-chmod 600 file",
    "-ln file hard",
    "-ln -s file soft",
    "get file",
  ]);
  assertEquals(code, 0);
  assertEquals(stderr.match(/[Pp]ermission denied|not support/g)?.length, 8, stderr);
  assertEquals(await treeOf(jail), [`file ${digest}`]);
  assertEquals(await sha256(`${local}/file`), digest);
}, { jailOptions: ["-R"] });

testEachWay("sees nothing outside the jail", async (reached) => {
  const { base, jail, local } = reached;
  await Deno.writeTextFile(`${base}/secret`, "secret");
  await Deno.symlink(`${base}/secret`, `${jail}/absolute`);
  await Deno.symlink("../secret", `${jail}/relative`);
  const { code, stdout, stderr } = await sftp(reached, [
    "-get absolute",
    "-get relative",
    `-get ${base}/secret`,
    "-get ../../../../secret",
    "pwd",
    "cd ../../..",
    "pwd",
    "rm absolute",
  ]);
  assertEquals(code, 0);
  assertEquals(await treeOf(local), []);
  assertEquals(stdout.match(/Remote working directory: \/$/gm)?.length, 2, stdout);
  assertEquals(stderr.split("\n").filter((line) => line !== "").length, 4, stderr);
  assertEquals(await sha256(`${base}/secret`), await sha256Of(new TextEncoder().encode("secret")));
});
