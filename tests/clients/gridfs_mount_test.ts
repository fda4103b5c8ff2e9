import { assertEquals, assertMatch } from "@std/assert";
import { makeFile, makeTree, noise, sha256, treeOf } from "../support/files.ts";
import { runOk } from "../support/run.ts";
import { testThroughSshd } from "./gridfs.ts";
import { withMount } from "./mount.ts";

const MiB = 1024 * 1024;

function testSshfs(
  name: string,
  body: (mounted: string, local: string) => Promise<void>,
): void {
  testThroughSshd(
    `sshfs over sftpwrap gridfs ${name}`,
    ["sshfs"],
    (stored) => withMount(stored, (mounted) => body(mounted, stored.local)),
  );
}

testSshfs("copies a tree with modes and times (cp -a), and removes it (rm -r)", async (
  mounted,
  local,
) => {
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`, { smallFiles: 10 });
  await runOk("cp", ["-a", `${local}/tree`, mounted]);
  const kept = { modes: true, times: true };
  assertEquals(await treeOf(`${mounted}/tree`, kept), await treeOf(`${local}/tree`, kept));
  await runOk("rm", ["-r", `${mounted}/tree`]);
  assertEquals(await treeOf(mounted), []);
});

testSshfs("copies a large file in and out (cp)", async (mounted, local) => {
  const digest = await makeFile(`${local}/file`, 10 * MiB + 3);
  await runOk("cp", [`${local}/file`, `${mounted}/file`]);
  await runOk("cp", [`${mounted}/file`, `${local}/back`]);
  assertEquals(await sha256(`${local}/back`), digest);
});

testSshfs("writes at any offset (dd)", async (mounted, local) => {
  await makeFile(`${local}/file`, 2 * MiB, 1);
  await runOk("cp", [`${local}/file`, `${mounted}/file`]);
  for (const [index, seek] of [1_234_567, 3, 2 * MiB - 5, 3 * MiB + 1, 65_535].entries()) {
    await Deno.writeFile(`${local}/piece`, noise(70_001, index + 2));
    for (const target of [`${mounted}/file`, `${local}/file`]) {
      const how = ["bs=9973", `seek=${seek}`, "oflag=seek_bytes", "conv=notrunc", "status=none"];
      await runOk("dd", [`if=${local}/piece`, `of=${target}`, ...how]);
    }
  }
  assertEquals(await sha256(`${mounted}/file`), await sha256(`${local}/file`));
});

testSshfs("truncates, lengthens and appends", async (mounted) => {
  const file = `${mounted}/file`;
  await runOk("sh", ["-c", 'printf "%s" 0123456789 > "$1"', "sh", file]);
  await runOk("truncate", ["-s", "4", file]);
  await runOk("sh", ["-c", 'printf abc >> "$1"; printf def >> "$1"', "sh", file]);
  assertEquals(await Deno.readTextFile(file), "0123abcdef");
  await runOk("truncate", ["-s", "12", file]);
  assertEquals(await Deno.readTextFile(file), "0123abcdef\0\0");
});

testSshfs("moves over a file, makes links, and shows the space (df)", async (mounted, local) => {
  const digest = await makeFile(`${local}/new`, 1000, 1);
  await runOk("cp", [`${local}/new`, `${mounted}/new`]);
  await makeFile(`${mounted}/old`, 2000, 2);
  await runOk("mv", ["-f", `${mounted}/new`, `${mounted}/old`]);
  await Deno.mkdir(`${mounted}/dir`);
  await runOk("mv", [`${mounted}/old`, `${mounted}/dir/name`]);
  await runOk("ln", ["-s", "dir/name", `${mounted}/soft`]);
  assertEquals(await treeOf(mounted), ["dir/", `dir/name ${digest}`, "soft -> dir/name"]);
  assertMatch(await runOk("df", ["-P", mounted]), /\nbox:\/ +[1-9]\d* +\d+ +\d+ /);
});
