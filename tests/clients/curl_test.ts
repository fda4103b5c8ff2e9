import { assertEquals, assertMatch } from "@std/assert";
import { makeFile, noise, sha256, treeOf } from "../support/files.ts";
import { run, runOk } from "../support/run.ts";
import { fingerprint } from "./fingerprint.ts";
import { type Served, testOverSshd } from "./ways.ts";

async function curlArgs({ sshd }: Served, args: readonly string[]): Promise<string[]> {
  const hostKey = (await fingerprint(`${sshd.hostKeys[0]}.pub`)).replace(/^SHA256:/, "");
  return [
    "-sS",
    "-q",
    ...["--hostpubsha256", hostKey, "--key", sshd.clientKey, "--pubkey", `${sshd.clientKey}.pub`],
    ...["-u", `${sshd.user}:`],
    ...args,
  ];
}

async function curl(served: Served, args: readonly string[]): Promise<string> {
  return await runOk("curl", await curlArgs(served, args), { cwd: served.local });
}

function url({ sshd }: Served, path: string): string {
  return `sftp://${sshd.host}:${sshd.port}${path}`;
}

testOverSshd("curl uploads and downloads, and lists", ["curl"], async (served) => {
  const { jail, local } = served;
  const digest = await makeFile(`${local}/file`, 10_000_001);
  await curl(served, ["-T", "file", url(served, "/up")]);
  await curl(served, ["-o", "back", url(served, "/up")]);
  assertEquals(await sha256(`${jail}/up`), digest);
  assertEquals(await sha256(`${local}/back`), digest);
  assertMatch(await curl(served, [url(served, "/")]), /^-rw\S+ +1 \S+ +\S+ +10000001 .* up$/m);
  const names = await curl(served, ["--list-only", url(served, "/")]);
  assertEquals(names.split("\n").filter((name) => /^[^.]/.test(name)), ["up"]);
});

testOverSshd("curl starts in / if the URL says ~", ["curl"], async (served) => {
  const { jail, local } = served;
  const digest = await makeFile(`${jail}/file`, 1000);
  await curl(served, ["-o", "back", url(served, "/~/file")]);
  assertEquals(await sha256(`${local}/back`), digest);
});

testOverSshd("curl resumes interrupted transfers (-C -)", ["curl"], async (served) => {
  const { jail, local } = served;
  const bytes = noise(2_000_003);
  const digest = await makeFile(`${jail}/file`, bytes.length);
  await Deno.writeFile(`${local}/file`, bytes.subarray(0, 654_321));
  await curl(served, ["-C", "-", "-o", "file", url(served, "/file")]);
  assertEquals(await sha256(`${local}/file`), digest);
  await Deno.writeFile(`${jail}/file`, bytes.subarray(0, 1_234_567));
  await curl(served, ["-C", "-", "-T", "file", url(served, "/file")]);
  assertEquals(await sha256(`${jail}/file`), digest);
});

testOverSshd("curl appends (--append) and takes a range (-r)", ["curl"], async (served) => {
  const { jail, local } = served;
  await Deno.writeTextFile(`${jail}/file`, "0123456789");
  await Deno.writeTextFile(`${local}/more`, "abc");
  await curl(served, ["--append", "-T", "more", url(served, "/file")]);
  assertEquals(await Deno.readTextFile(`${jail}/file`), "0123456789abc");
  assertEquals(await curl(served, ["-r", "3-6", url(served, "/file")]), "3456");
});

testOverSshd("curl makes missing directories (--ftp-create-dirs)", ["curl"], async (served) => {
  const { jail, local } = served;
  const digest = await makeFile(`${local}/file`, 1000);
  await curl(served, ["--ftp-create-dirs", "-T", "file", url(served, "/a/b/c/file")]);
  assertEquals(await treeOf(jail), ["a/", "a/b/", "a/b/c/", `a/b/c/file ${digest}`]);
});

testOverSshd("curl renames, links, changes modes and removes (-Q)", ["curl"], async (served) => {
  const { jail } = served;
  const digest = await makeFile(`${jail}/old`, 1000);
  await makeFile(`${jail}/away`, 10);
  const quotes = [
    "mkdir /dir",
    "rename /old /dir/new",
    "chmod 600 /dir/new",
    "symlink dir/new /link",
    "rm /away",
    "pwd",
    "statvfs /",
  ].flatMap((quote) => ["-Q", quote]);
  await curl(served, [...quotes, "-o", "/dev/null", url(served, "/dir/new")]);
  assertEquals(await treeOf(jail), ["dir/", `dir/new ${digest}`, "link -> dir/new"]);
  assertEquals(((await Deno.stat(`${jail}/dir/new`)).mode ?? 0) & 0o777, 0o600);
});

testOverSshd("curl reports a missing file", ["curl"], async (served) => {
  const REMOTE_FILE_NOT_FOUND = 78;
  const { code, stdout } = await run("curl", await curlArgs(served, [url(served, "/none")]));
  assertEquals([code, stdout], [REMOTE_FILE_NOT_FOUND, ""]);
});
