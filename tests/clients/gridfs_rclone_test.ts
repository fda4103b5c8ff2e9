import { assertEquals, assertMatch } from "@std/assert";
import { makeFile, makeTree, sha256, treeOf } from "../support/files.ts";
import { testThroughSshd } from "./gridfs.ts";
import { rclone, rcloneResult } from "./rclone.ts";

testThroughSshd("rclone syncs a tree with a bucket both ways, and checks it", ["rclone"], async (
  stored,
) => {
  const { local } = stored;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`, { smallFiles: 10 });
  await rclone(stored, ["sync", "--create-empty-src-dirs", "tree", ":sftp:up"]);
  await rclone(stored, ["check", "--download", "tree", ":sftp:up"]);
  await rclone(stored, ["sync", "--create-empty-src-dirs", ":sftp:up", "back"]);
  const expected = await treeOf(`${local}/tree`, { times: true });
  assertEquals(await treeOf(`${local}/back`, { times: true }), expected);

  await Deno.remove(`${local}/tree/deep`, { recursive: true });
  await makeFile(`${local}/tree/odd.bin`, 999, 9);
  await rclone(stored, ["sync", "tree", ":sftp:up"]);
  await rclone(stored, ["check", "--download", "tree", ":sftp:up"]);
  const again = await rcloneResult(stored, ["sync", "-v", "--dry-run", "tree", ":sftp:up"]);
  assertEquals(again.code, 0);
  assertMatch(again.stderr, /There was nothing to transfer/);
});

testThroughSshd("rclone check finds a file of a bucket whose content differs", ["rclone"], async (
  stored,
) => {
  const { local } = stored;
  await Deno.mkdir(`${local}/tree`);
  await makeFile(`${local}/tree/file`, 1000, 1);
  await makeFile(`${local}/tree/same`, 1000, 3);
  await rclone(stored, ["copy", "tree", ":sftp:tree"]);
  await makeFile(`${local}/tree/file`, 1000, 2);
  const check = ["check", "--download", "--combined", "-", "tree", ":sftp:tree"];
  const { code, stdout } = await rcloneResult(stored, check);
  assertEquals([code, stdout.split("\n").sort()], [1, ["", "* file", "= same"]]);
});

testThroughSshd("rclone moves, lists, shows the space of a bucket, and purges", ["rclone"], async (
  stored,
) => {
  const { local } = stored;
  const digest = await makeFile(`${local}/file`, 1_000_000);
  await rclone(stored, ["copy", "file", ":sftp:"]);
  await rclone(stored, ["moveto", ":sftp:file", ":sftp:dir/moved"]);
  assertMatch(await rclone(stored, ["lsl", ":sftp:"]), /^ +1000000 .* dir\/moved$/m);
  await rclone(stored, ["copyto", ":sftp:dir/moved", "back"]);
  assertEquals(await sha256(`${local}/back`), digest);
  assertMatch(await rclone(stored, ["about", ":sftp:"]), /Total: /);
  await rclone(stored, ["purge", ":sftp:dir"]);
  assertEquals(await rclone(stored, ["lsf", ":sftp:"]), "");
});
