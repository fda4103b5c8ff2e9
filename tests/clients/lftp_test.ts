import { assertEquals, assertMatch } from "@std/assert";
import { makeFile, makeTree, noise, sha256, treeOf } from "../support/files.ts";
import { lftpOk } from "./lftp.ts";
import { testOverSshd } from "./ways.ts";

testOverSshd("lftp mirrors a tree both ways", ["lftp"], async (served) => {
  const { jail, local } = served;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  await lftpOk(served, ["mirror -R tree up", "mirror up back"]);
  const kept = { modes: true, times: true };
  const expected = await treeOf(`${local}/tree`, kept);
  assertEquals(await treeOf(`${jail}/up`, kept), expected);
  assertEquals(await treeOf(`${local}/back`, kept), expected);
});

testOverSshd("lftp mirrors what has changed, deletes the rest, and then has nothing to do", [
  "lftp",
], async (served) => {
  const { jail, local } = served;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`, { smallFiles: 15 });
  await lftpOk(served, ["mirror -R --parallel=3 tree up"]);
  await Deno.remove(`${local}/tree/deep`, { recursive: true });
  await makeFile(`${local}/tree/odd.bin`, 12_345, 99);
  await makeFile(`${local}/tree/new one`, 10, 98);
  await lftpOk(served, ["mirror -R -e --parallel=3 tree up"]);
  assertEquals(await treeOf(`${jail}/up`), await treeOf(`${local}/tree`));
  const planned = (await lftpOk(served, ["mirror -R -e --dry-run tree up"])).split("\n");
  // It always plans to make the target itself, whatever the server has.
  assertEquals(planned.filter((line) => line !== "" && !line.startsWith("mkdir -p")), []);
});

testOverSshd("lftp resumes interrupted transfers (get -c, put -c)", ["lftp"], async (
  served,
) => {
  const { jail, local } = served;
  const digest = await makeFile(`${jail}/file`, 2_000_003);
  const bytes = noise(2_000_003);
  await Deno.writeFile(`${local}/file`, bytes.subarray(0, 777_777));
  await lftpOk(served, ["get -c file"]);
  assertEquals(await sha256(`${local}/file`), digest);
  await Deno.writeFile(`${jail}/file`, bytes.subarray(0, 1_000_001));
  await lftpOk(served, ["put -c file"]);
  assertEquals(await sha256(`${jail}/file`), digest);
});

testOverSshd("lftp gets a file in pieces (pget)", ["lftp"], async (served) => {
  const { jail, local } = served;
  const digest = await makeFile(`${jail}/file`, 8_000_001);
  await lftpOk(served, ["pget -n 3 file -o back"]);
  assertEquals(await sha256(`${local}/back`), digest);
});

testOverSshd("lftp lists, renames, links, changes modes and removes", ["lftp"], async (served) => {
  const { jail } = served;
  await makeFile(`${jail}/file`, 1234);
  const listed = await lftpOk(served, [
    "mkdir -p a/b",
    "mv file a/b/moved",
    "ln -s a/b/moved link",
    "chmod 640 a/b/moved",
    "ls",
    "ls a/b",
    "rm link",
    "cd a",
    "pwd",
  ]);
  assertMatch(listed, /^drwx.* a$/m);
  assertMatch(listed, /^lrwx.* link( -> .*)?$/m);
  assertMatch(listed, /^-rw-r----- .* 1234 .* moved$/m);
  assertEquals((await treeOf(jail)).map((line) => line.split(" ")[0]), ["a/", "a/b/", "a/b/moved"]);
  await lftpOk(served, ["rm -r a"]);
  assertEquals(await treeOf(jail), []);
});
