import { assertEquals, assertMatch } from "@std/assert";
import { makeFile, makeTree, sha256, treeOf } from "../support/files.ts";
import { rclone, rcloneResult } from "./rclone.ts";
import { testOverSshd } from "./ways.ts";

testOverSshd("rclone syncs a tree both ways, and checks it", ["rclone"], async (served) => {
  const { jail, local } = served;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  await rclone(served, ["sync", "--create-empty-src-dirs", "tree", ":sftp:up"]);
  // It tries to find md5sum with a command, which the jail refuses, and continues without it.
  await rclone(served, ["check", "tree", ":sftp:up"]);
  await rclone(served, ["check", "--download", "tree", ":sftp:up"]);
  await rclone(served, ["sync", "--create-empty-src-dirs", ":sftp:up", "back"]);
  const expected = await treeOf(`${local}/tree`, { times: true });
  assertEquals(await treeOf(`${jail}/up`, { times: true }), expected);
  assertEquals(await treeOf(`${local}/back`, { times: true }), expected);
});

testOverSshd("rclone syncs what has changed and deletes the rest", ["rclone"], async (served) => {
  const { jail, local } = served;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`, { smallFiles: 10 });
  await rclone(served, ["sync", "--sftp-disable-hashcheck", "tree", ":sftp:up"]);
  await Deno.remove(`${local}/tree/deep`, { recursive: true });
  await Deno.remove(`${local}/tree/nothing in here`);
  await makeFile(`${local}/tree/odd.bin`, 999, 9);
  await rclone(served, ["sync", "--sftp-disable-hashcheck", "tree", ":sftp:up"]);
  assertEquals(
    (await treeOf(`${jail}/up`)).filter((line) => !line.endsWith("/")),
    (await treeOf(`${local}/tree`)).filter((line) => !line.endsWith("/")),
  );
  const again = await rcloneResult(served, ["sync", "-v", "--dry-run", "tree", ":sftp:up"]);
  assertEquals(again.code, 0);
  assertMatch(again.stderr, /There was nothing to transfer/);
});

testOverSshd("rclone check finds a file whose content differs", ["rclone"], async (served) => {
  const { jail, local } = served;
  await Deno.mkdir(`${local}/tree`);
  await Deno.mkdir(`${jail}/tree`);
  await makeFile(`${local}/tree/file`, 1000, 1);
  await makeFile(`${jail}/tree/file`, 1000, 2);
  await makeFile(`${local}/tree/same`, 1000, 3);
  await makeFile(`${jail}/tree/same`, 1000, 3);
  const check = ["check", "--download", "--combined", "-", "tree", ":sftp:tree"];
  const { code, stdout } = await rcloneResult(served, check);
  assertEquals([code, stdout.split("\n").sort()], [1, ["", "* file", "= same"]]);
});

testOverSshd("rclone copies many small files at once", ["rclone"], async (served) => {
  const { jail, local } = served;
  await Deno.mkdir(`${local}/many`);
  for (let index = 0; index < 400; index++) await makeFile(`${local}/many/${index}`, index, index);
  const quick = ["--sftp-disable-hashcheck", "--transfers", "8", "--checkers", "8"];
  await rclone(served, ["copy", ...quick, "many", ":sftp:many"]);
  assertEquals(await treeOf(`${jail}/many`), await treeOf(`${local}/many`));
});

testOverSshd("rclone copies a large file", ["rclone"], async (served) => {
  const { jail, local } = served;
  const digest = await makeFile(`${local}/file`, 32 * 1024 * 1024 + 5);
  await rclone(served, ["copyto", "file", ":sftp:dir/name"]);
  await rclone(served, ["copyto", ":sftp:dir/name", "back"]);
  assertEquals(await sha256(`${jail}/dir/name`), digest);
  assertEquals(await sha256(`${local}/back`), digest);
});

testOverSshd("rclone moves, lists, shows the space, and purges", ["rclone"], async (served) => {
  const { jail, local } = served;
  const digest = await makeFile(`${local}/file`, 1000);
  await rclone(served, ["copy", "file", ":sftp:"]);
  await rclone(served, ["moveto", ":sftp:file", ":sftp:dir/moved"]);
  assertEquals(await treeOf(jail), ["dir/", `dir/moved ${digest}`]);
  assertMatch(await rclone(served, ["lsl", ":sftp:"]), /^ +1000 .* dir\/moved$/m);
  assertMatch(await rclone(served, ["cat", "--count", "10", ":sftp:dir/moved"]), /^[^]+$/);
  assertMatch(await rclone(served, ["about", ":sftp:"]), /Total: /);
  await rclone(served, ["purge", ":sftp:dir"]);
  assertEquals(await treeOf(jail), []);
});
