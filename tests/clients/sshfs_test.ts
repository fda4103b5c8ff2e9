import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { makeFile, makeTree, noise, sha256, treeOf } from "../support/files.ts";
import { runOk } from "../support/run.ts";
import { needsSshfs, withMount } from "./mount.ts";
import { overSshd, type Served } from "./ways.ts";

const MiB = 1024 * 1024;

function testSshfs(
  name: string,
  body: (mounted: string, served: Served) => Promise<void>,
  { programs = [], options = [] }: { programs?: string[]; options?: string[] } = {},
): void {
  Deno.test({
    name: `sshfs ${name}`,
    ...needsSshfs(...programs),
    fn: () =>
      overSshd({}, (served) => withMount(served, (mounted) => body(mounted, served), options)),
  });
}

testSshfs("copies in and out (cp)", async (mounted, { jail, local }) => {
  const digest = await makeFile(`${local}/file`, 20 * MiB + 3);
  await runOk("cp", [`${local}/file`, `${mounted}/file`]);
  assertEquals(await sha256(`${jail}/file`), digest);
  await runOk("cp", [`${mounted}/file`, `${local}/back`]);
  assertEquals(await sha256(`${local}/back`), digest);
});

testSshfs("copies a tree with modes and times (cp -a), and removes it (rm -r)", async (
  mounted,
  { jail, local },
) => {
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  await runOk("cp", ["-a", `${local}/tree`, mounted]);
  const kept = { modes: true, times: true };
  const expected = await treeOf(`${local}/tree`, kept);
  assertEquals(await treeOf(`${jail}/tree`, kept), expected);
  assertEquals(await treeOf(`${mounted}/tree`, kept), expected);
  await runOk("rm", ["-r", `${mounted}/tree`]);
  assertEquals(await treeOf(jail), []);
});

testSshfs("writes at any offset (dd)", async (mounted, { jail, local }) => {
  await makeFile(`${local}/file`, 2 * MiB, 1);
  await Deno.copyFile(`${local}/file`, `${jail}/file`);
  for (const [index, seek] of [1_234_567, 3, 2 * MiB - 5, 3 * MiB + 1, 65_535].entries()) {
    await Deno.writeFile(`${local}/piece`, noise(70_001, index + 2));
    for (const target of [`${mounted}/file`, `${local}/file`]) {
      await runOk("dd", [
        `if=${local}/piece`,
        `of=${target}`,
        "bs=9973",
        `seek=${seek}`,
        "oflag=seek_bytes",
        "conv=notrunc",
        "status=none",
      ]);
    }
  }
  assertEquals(await sha256(`${jail}/file`), await sha256(`${local}/file`));
});

testSshfs("reads at any offset", async (mounted, { jail }) => {
  await makeFile(`${jail}/file`, 3 * MiB + 11);
  const [here, there] = [await Deno.open(`${jail}/file`), await Deno.open(`${mounted}/file`)];
  try {
    for (const offset of [3 * MiB, 17, 2_000_001, 0, 3 * MiB + 11, 3 * MiB + 10]) {
      const [expected, got] = [new Uint8Array(5000), new Uint8Array(5000)];
      await here.seek(offset, Deno.SeekMode.Start);
      await there.seek(offset, Deno.SeekMode.Start);
      assertEquals(await there.read(got), await here.read(expected), `at ${offset}`);
      assertEquals(got, expected, `at ${offset}`);
    }
  } finally {
    here.close();
    there.close();
  }
});

testSshfs("truncates, lengthens and appends", async (mounted, { jail }) => {
  const file = `${mounted}/file`;
  await runOk("sh", ["-c", 'printf "%s" 0123456789 > "$1"', "sh", file]);
  await runOk("truncate", ["-s", "4", file]);
  await runOk("sh", ["-c", 'printf abc >> "$1"; printf def >> "$1"', "sh", file]);
  assertEquals(await Deno.readTextFile(`${jail}/file`), "0123abcdef");
  await runOk("truncate", ["-s", "12", file]);
  assertEquals(await Deno.readTextFile(`${jail}/file`), "0123abcdef\0\0");
  await runOk("sh", ["-c", ': > "$1"', "sh", file]);
  assertEquals((await Deno.stat(`${jail}/file`)).size, 0);
});

testSshfs("moves over a file, and into another directory", async (mounted, { jail }) => {
  const digest = await makeFile(`${mounted}/new`, 1000, 1);
  await makeFile(`${mounted}/old`, 2000, 2);
  await runOk("mv", ["-f", `${mounted}/new`, `${mounted}/old`]);
  await Deno.mkdir(`${mounted}/dir`);
  await runOk("mv", [`${mounted}/old`, `${mounted}/dir/name`]);
  assertEquals(await treeOf(jail), ["dir/", `dir/name ${digest}`]);
});

testSshfs("shows modes, sizes and times (ls -l), links and the disk (df)", async (
  mounted,
  { jail },
) => {
  await makeFile(`${jail}/file`, 54321);
  await Deno.chmod(`${jail}/file`, 0o640);
  await Deno.utime(`${jail}/file`, new Date("2020-02-03"), new Date("2020-02-03"));
  await Deno.symlink("file", `${jail}/link`);
  const listed = await runOk("ls", ["-ln", mounted], { env: { TZ: "UTC" } });
  assertMatch(listed, /^-rw-r----- +1 \d+ +\d+ +54321 Feb +3 +2020 file$/m);
  assertMatch(listed, /^lrwxrwxrwx .* link -> file$/m);
  const [, row] = (await runOk("df", ["-P", mounted])).split("\n");
  assertMatch(row ?? "", /^box:\/ +[1-9]\d* +\d+ +\d+ /);
});

testSshfs("makes links, changes modes, and flushes", async (mounted, { jail }) => {
  await makeFile(`${mounted}/file`, 1000);
  await runOk("ln", ["-s", "file", `${mounted}/soft`]);
  await runOk("ln", [`${mounted}/file`, `${mounted}/hard`]);
  await runOk("chmod", ["600", `${mounted}/file`]);
  await runOk("sync", [`${mounted}/file`]);
  const info = await Deno.stat(`${jail}/hard`);
  assertEquals([info.nlink, (info.mode ?? 0) & 0o777], [2, 0o600]);
  assertEquals(await Deno.readLink(`${jail}/soft`), "file");
});

testSshfs("says why a request fails", async (mounted) => {
  await Deno.mkdir(`${mounted}/dir/in`, { recursive: true });
  await makeFile(`${mounted}/file`, 10);
  await assertRejects(() => Deno.mkdir(`${mounted}/dir`), Deno.errors.AlreadyExists);
  await assertRejects(() => Deno.remove(`${mounted}/dir`));
  await assertRejects(() => Deno.readFile(`${mounted}/none`), Deno.errors.NotFound);
  await assertRejects(() => Deno.readLink(`${mounted}/file`));
  const exclusive = { write: true, createNew: true };
  await assertRejects(() => Deno.open(`${mounted}/file`, exclusive), Deno.errors.AlreadyExists);
});

testSshfs("is a place to work in: tar, then git", async (mounted, { jail, local }) => {
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  await runOk("tar", ["-C", local, "-cf", `${local}/tree.tar`, "tree"]);
  await runOk("tar", ["-C", mounted, "-xf", `${local}/tree.tar`]);
  assertEquals(await treeOf(`${jail}/tree`), await treeOf(`${local}/tree`));
  const env = {
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_SYSTEM: "/dev/null",
    GIT_AUTHOR_NAME: "A",
    GIT_AUTHOR_EMAIL: "a@example.org",
    GIT_COMMITTER_NAME: "A",
    GIT_COMMITTER_EMAIL: "a@example.org",
  };
  const git = (...args: string[]) =>
    runOk("git", ["-c", `safe.directory=*`, "-C", `${mounted}/tree`, ...args], { env });
  await git("init", "-q", "-b", "main");
  await git("add", ".");
  await git("commit", "-q", "-m", "All");
  await git("mv", "one byte", "moved");
  await git("commit", "-q", "-m", "Move");
  await git("checkout", "-q", "HEAD~1");
  assertEquals(await git("status", "--porcelain"), "");
  await git("fsck", "--strict");
  assertEquals((await git("log", "--oneline", "main")).trim().split("\n").length, 2);
}, { programs: ["git", "tar"] });

testSshfs("works without its own caches (-o direct_io, no workaround)", async (
  mounted,
  { jail, local },
) => {
  const digest = await makeFile(`${local}/file`, 3 * MiB + 3);
  await runOk("cp", [`${local}/file`, `${mounted}/file`]);
  await runOk("cp", [`${mounted}/file`, `${local}/back`]);
  assertEquals(await sha256(`${jail}/file`), digest);
  assertEquals(await sha256(`${local}/back`), digest);
}, { options: ["-o", "direct_io,dir_cache=no,sync_readdir,no_readahead,sshfs_sync"] });
