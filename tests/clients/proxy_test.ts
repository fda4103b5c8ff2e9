import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeFile, makeTree, sha256, treeOf } from "../support/files.ts";
import { needs } from "../support/programs.ts";
import { runOk } from "../support/run.ts";
import { type Sshd, withSshd } from "../support/sshd.ts";
import { needsSshfs, withMount } from "./mount.ts";
import { type FarSide, proxyLine, withFarSide, withOpenSshFarSide } from "./proxied.ts";
import { sftp, sftpOk } from "./sftp.ts";
import {
  goesOnWithDownloads,
  goesOnWithUploads,
  putsAndGets,
  putsAndGetsTrees,
} from "./sftp_transfers.ts";
import type { Served } from "./ways.ts";

const MiB = 1024 * 1024;

/** A client that reaches the far side through the proxy, on a pipe. */
function testOverPipe(
  name: string,
  body: (reached: FarSide & { readonly sftpArgs: readonly string[] }) => Promise<void>,
): void {
  for (const openssh of [false, true]) {
    Deno.test({
      name: `sftp -D 'sftpwrap proxy${openssh ? " --transport=openssh" : ""}' ${name}`,
      ...needs("sftp", "sshd", "ssh-keygen", "ssh"),
      fn: () =>
        withFarSide((far) => body({ ...far, sftpArgs: ["-D", proxyLine(far.far, { openssh })] })),
    });
  }
}

/** A client that reaches the far side through an sshd whose forced command is the proxy. */
function testThroughSshd(
  name: string,
  programs: readonly string[],
  body: (served: Served) => Promise<void>,
): void {
  Deno.test({
    name,
    ...needs("sshd", "ssh-keygen", ...programs),
    fn: () => withServed(body),
  });
}

async function withServed(body: (served: Served) => Promise<void>): Promise<void> {
  await withFarSide((far) =>
    withSshd(
      { command: proxyLine(far.far) },
      (sshd: Sshd) => body({ ...far, sshd, sftpArgs: ["-F", sshd.sshConfig, sshd.alias] }),
    )
  );
}

testOverPipe(
  "puts and gets a large file unharmed",
  (reached) => putsAndGets(reached, { length: 20 * MiB + 17 }),
);

testOverPipe("resumes an interrupted upload", goesOnWithUploads);

testOverPipe("resumes an interrupted download", goesOnWithDownloads);

testOverPipe("puts and gets whole trees, with modes and times (-r, -p)", putsAndGetsTrees);

// The requests that pysftpproxy's own tests make, one by one.
testOverPipe("does every request of pysftpproxy's tests", async (reached) => {
  const { jail, local } = reached;
  const digest = await makeFile(`${local}/services`, 12_813);
  await sftpOk(reached, [
    "mkdir dir",
    "put services dir/services",
    "chmod 600 dir/services",
    "ls -la dir",
    "rename dir/services dir/moved",
    "ln -s moved dir/link",
    "ln dir/moved dir/hard",
    "get dir/link back",
    "df",
    "copy dir/moved dir/copy",
    "rm dir/copy",
    "rm dir/hard",
    "rm dir/link",
    "mkdir dir/empty",
    "rmdir dir/empty",
    "pwd",
    "cd dir",
    "pwd",
  ]);
  assertEquals(await treeOf(jail), ["dir/", `dir/moved ${digest}`]);
  assertEquals(await sha256(`${local}/back`), digest);
  assertEquals((await Deno.stat(`${jail}/dir/moved`)).mode! & 0o777, 0o600);
  const { code, stderr } = await sftp(reached, ["rename dir/moved dir/no/where"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "No such file");
});

Deno.test({
  name: "sftp starts in the far side's start directory, and sees the far side's own listing",
  ...needs("sftp", "sshd", "ssh-keygen"),
  fn: () =>
    withOpenSshFarSide(async (far) => {
      const reached = { ...far, sftpArgs: ["-D", proxyLine(far.far)] };
      await Deno.writeTextFile(`${far.jail}/file`, "content");
      const direct = { ...far, sftpArgs: ["-F", far.far.sshConfig, far.far.alias] };
      const commands = ["pwd", "ls -la"];
      assertEquals(await sftpOk(reached, commands), await sftpOk(direct, commands));
    }),
});

testThroughSshd("rclone syncs a tree both ways through the proxy", ["rclone"], async (served) => {
  const { base, jail, local, sshd } = served;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  const rclone = (...args: readonly string[]) =>
    runOk("rclone", [
      ...["--config", "/dev/null", "--retries", "1", "--sftp-host", sshd.host],
      ...["--sftp-port", String(sshd.port), "--sftp-user", sshd.user],
      ...["--sftp-key-file", sshd.clientKey, "--sftp-known-hosts-file", sshd.knownHosts],
      ...args,
    ], { cwd: local, env: { HOME: base } });
  await rclone("sync", "--create-empty-src-dirs", "tree", ":sftp:up");
  await rclone("check", "--download", "tree", ":sftp:up");
  await rclone("sync", "--create-empty-src-dirs", ":sftp:up", "back");
  const expected = await treeOf(`${local}/tree`, { times: true });
  assertEquals(await treeOf(`${jail}/up`, { times: true }), expected);
  assertEquals(await treeOf(`${local}/back`, { times: true }), expected);
  assertMatch(await rclone("about", ":sftp:"), /Total: /);
});

testThroughSshd("lftp mirrors a tree both ways through the proxy", ["lftp"], async (served) => {
  const { base, jail, local, sshd } = served;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  const connect = `ssh -a -x -F ${sshd.sshConfig}`;
  const script = [
    `set sftp:connect-program "${connect}"`,
    "set cmd:fail-exit true",
    `open sftp://${sshd.user}:@${sshd.alias}`,
    "mirror --reverse tree up",
    "mirror up back",
  ].join("; ");
  await runOk("lftp", ["-c", script], { cwd: local, env: { HOME: base } });
  const expected = await treeOf(`${local}/tree`);
  assertEquals(await treeOf(`${jail}/up`), expected);
  assertEquals(await treeOf(`${local}/back`), expected);
});

Deno.test({
  name: "sshfs mounts the far side through the proxy",
  ...needsSshfs(),
  fn: () =>
    withServed((served) =>
      withMount(served, async (mounted) => {
        const { jail, local } = served;
        await Deno.mkdir(`${local}/tree`);
        await makeTree(`${local}/tree`);
        await runOk("cp", ["-a", `${local}/tree`, mounted]);
        const kept = { modes: true, times: true };
        const expected = await treeOf(`${local}/tree`, kept);
        assertEquals(await treeOf(`${jail}/tree`, kept), expected);
        assertEquals(await treeOf(`${mounted}/tree`, kept), expected);
        await runOk("rm", ["-r", `${mounted}/tree`]);
        assertEquals(await treeOf(jail), []);
      })
    ),
});
