import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { makeFile, makeTree, sha256, treeOf } from "../support/files.ts";
import { sftp, sftpOk } from "./sftp.ts";
import { testEachWay } from "./ways.ts";

const readAndWrite = (jail: string) => [`--allow-read=${jail}`, `--allow-write=${jail}`];

testEachWay("works with only the permissions for its directory", async (reached) => {
  const { jail, local } = reached;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`, { smallFiles: 5 });
  await Deno.mkdir(`${jail}/other`);
  await Deno.symlink("other", `${jail}/link`);
  const printed = await sftpOk(reached, [
    "put -rp tree",
    "get -rp tree back",
    "rename tree/empty tree/odd.bin",
    "ln tree/tool.sh hard",
    "copy tree/tool.sh link/copy",
    "chmod 600 hard",
    "ls -l",
    "rm hard",
    "rmdir 'tree/nothing in here'",
  ]);
  const kept = { modes: true, times: true };
  assertEquals(await treeOf(`${local}/back`, kept), await treeOf(`${local}/tree`, kept));
  assertEquals((await Deno.stat(`${jail}/tree/odd.bin`)).size, 0);
  assertEquals(await sha256(`${jail}/other/copy`), await sha256(`${jail}/tree/tool.sh`));
  assertMatch(printed, /^-rw------- .* hard$/m);
}, { permissions: readAndWrite });

testEachWay("says what it cannot do with these permissions, and continues", async (reached) => {
  const { jail, local } = reached;
  const digest = await makeFile(`${local}/file`, 1000);
  const { code, stderr } = await sftp(reached, ["-ln -s file link", "-df", "put file"]);
  assertEquals(code, 0);
  assertNotEquals(stderr, "");
  assertEquals(await treeOf(jail), [`file ${digest}`]);
}, { permissions: readAndWrite });

testEachWay("is a read-only jail with only the permission to read", async (reached) => {
  const { jail, local } = reached;
  const digest = await makeFile(`${jail}/file`, 1000);
  await makeFile(`${local}/other`, 1000, 2);
  const { code, stderr } = await sftp(reached, [
    "get file",
    "-put other",
    "-rm file",
    "-mkdir dir",
    "-rename file moved",
    "-chmod 600 file",
    "ls -l",
  ]);
  assertEquals(code, 0);
  assertEquals(stderr.match(/[Pp]ermission denied/g)?.length, 5, stderr);
  assertEquals(await treeOf(jail), [`file ${digest}`]);
  assertEquals(await sha256(`${local}/file`), digest);
}, { permissions: (jail) => [`--allow-read=${jail}`] });

testEachWay("lets no link lead out of its directory", async (reached) => {
  const { base, jail, local } = reached;
  await Deno.mkdir(`${base}/outside`);
  const digest = await makeFile(`${base}/outside/secret`, 100);
  await Deno.symlink(`${base}/outside`, `${jail}/out`);
  await Deno.symlink("../outside/secret", `${jail}/secret`);
  await makeFile(`${local}/file`, 10);
  const { stderr } = await sftp(reached, [
    "-get out/secret",
    "-get secret got",
    "-put file out/file",
    "-put file secret",
    "-mkdir out/dir",
    "-rm out/secret",
    "-rename out/secret here",
    "-ln out/secret hard",
    "-chmod 777 secret",
    "-ls out",
  ]);
  assertStringIncludes(stderr, "out/secret");
  assertEquals(await treeOf(`${base}/outside`), [`secret ${digest}`]);
  assertEquals((await treeOf(local)).map((line) => line.split(" ")[0]), ["file"]);
  assertEquals(await Deno.readLink(`${jail}/out`), `${base}/outside`);
}, { permissions: readAndWrite });
