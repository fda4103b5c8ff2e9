import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { makeFile, makeTree, noise, sha256, treeOf } from "../support/files.ts";
import { psftp, PSFTP_PROGRAMS, psftpOk } from "./psftp.ts";
import { testOverSshd } from "./ways.ts";

testOverSshd("psftp puts and gets files", PSFTP_PROGRAMS, async (served) => {
  const { jail, local } = served;
  const digest = await makeFile(`${local}/file`, 10_000_001);
  const printed = await psftpOk(served, ["put file up", "get up back"]);
  assertMatch(printed, /^Remote working directory is \/$/m);
  assertEquals(await sha256(`${jail}/up`), digest);
  assertEquals(await sha256(`${local}/back`), digest);
});

testOverSshd("psftp puts and gets trees (put -r, get -r)", PSFTP_PROGRAMS, async (served) => {
  const { jail, local } = served;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  await psftpOk(served, ["put -r tree up", "get -r up back"]);
  const expected = await treeOf(`${local}/tree`);
  assertEquals(await treeOf(`${jail}/up`), expected);
  assertEquals(await treeOf(`${local}/back`), expected);
});

testOverSshd("psftp resumes interrupted transfers (reput, reget)", PSFTP_PROGRAMS, async (
  served,
) => {
  const { jail, local } = served;
  const bytes = noise(3_000_001);
  const digest = await makeFile(`${local}/file`, bytes.length);
  await Deno.writeFile(`${jail}/file`, bytes.subarray(0, 1_111_111));
  await Deno.writeFile(`${local}/back`, bytes.subarray(0, 2_222_222));
  await psftpOk(served, ["reput file", "reget file back"]);
  assertEquals(await sha256(`${jail}/file`), digest);
  assertEquals(await sha256(`${local}/back`), digest);
});

testOverSshd(
  "psftp lists, makes directories, renames, changes modes and removes",
  PSFTP_PROGRAMS,
  async (
    served,
  ) => {
    const { jail } = served;
    const digest = await makeFile(`${jail}/file`, 4321);
    await makeFile(`${jail}/away`, 10);
    const printed = await psftpOk(served, [
      "mkdir dir",
      "mv file dir",
      "chmod 600 dir/file",
      "del away",
      "cd dir",
      "pwd",
      "ls",
      "mkdir gone",
      "rmdir gone",
    ]);
    assertMatch(printed, /^Remote directory is \/dir$/m);
    assertMatch(printed, /^-rw------- +1 \S+ +\S+ +4321 \w{3} [ \d]\d \d\d:\d\d file$/m);
    assertEquals(await treeOf(jail), ["dir/", `dir/file ${digest}`]);
  },
);

testOverSshd("psftp reports what fails", PSFTP_PROGRAMS, async (served) => {
  const { jail } = served;
  await makeFile(`${jail}/one`, 10);
  await makeFile(`${jail}/two`, 10, 2);
  await Deno.mkdir(`${jail}/dir/in`, { recursive: true });
  const before = await treeOf(jail);
  for (const command of ["mkdir dir", "rmdir dir", "mv one two", "get none", "del none"]) {
    assertNotEquals((await psftp(served, [command])).code, 0, command);
  }
  assertEquals(await treeOf(jail), before);
});
