import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { proxyWords, withFarSide, withOpenSshFarSide } from "../../clients/proxied.ts";
import { noise, withTempDir } from "../../support/files.ts";
import { needsKerberos, withRealm } from "../../support/kerberos.ts";
import { needs, programPath } from "../../support/programs.ts";
import { run, runOk } from "../../support/run.ts";
import { startServer } from "../../support/server.ts";
import type { Sshd } from "../../support/sshd.ts";
import { sftpwrap } from "../../support/wire_session.ts";

const HERE = needs("sshd", "ssh", "ssh-keygen");

/** Variables beside those of the test itself. */
type Env = Readonly<Record<string, string>>;

/** Uploads and downloads by a proxy of its own. */
async function transfer(words: readonly string[], env: Env = {}): Promise<void> {
  const [program = "", ...args] = words;
  const proxy = await startServer(program, args, { env });
  const bytes = noise(100_000);
  await proxy.client.writeFile("file", bytes);
  assertEquals(await proxy.client.readFile("file"), bytes);
  const { status, stderr } = await proxy.stop();
  assertEquals(status.code, 0, stderr);
}

/** What a proxy says that does not come to serve. */
async function refusal(words: readonly string[], env: Env = {}): Promise<string> {
  const [program = "", ...args] = words;
  const { code, stdout, stderr } = await run(program, args, { env });
  assertEquals([code, stdout], [1, ""], stderr);
  return stderr;
}

/** The server's ssh_config with lines before it, in the place of its own. */
async function configured(far: Sshd, lines: readonly string[]): Promise<Sshd> {
  const sshConfig = `${far.directory}/further_config`;
  const text = await Deno.readTextFile(far.sshConfig);
  await Deno.writeTextFile(sshConfig, [...lines, text].join("\n"));
  return { ...far, sshConfig };
}

/** How many connections the far side has had, and how many sessions in them. */
async function counted(far: Sshd): Promise<{ connections: number; sessions: number }> {
  const log = await far.log();
  const count = (what: RegExp) => log.match(what)?.length ?? 0;
  return { connections: count(/^Connection from /gm), sessions: count(/^Starting session: /gm) };
}

Deno.test({
  name: "sftpwrap proxy --transport=openssh shows a certificate, and takes the host's",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      await transfer(proxyWords(far, { openssh: true }));
      const log = await far.log();
      assertMatch(log, /Accepted certificate ID "client" \(serial 0\) signed by ED25519 CA/);
      assertMatch(log, /Accepted publickey for \S+ from \S+ port \d+ ssh2: ED25519-CERT/);
    }, { certificates: true }),
});

Deno.test({
  name: "sftpwrap proxy --transport=openssh refuses a host whose certificate another has signed",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      const other = `${far.directory}/other_authority`;
      await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);
      const place = `[${far.host}]:${far.port}`;
      const key = await Deno.readTextFile(`${other}.pub`);
      await Deno.writeTextFile(far.knownHosts, `@cert-authority ${place} ${key}`);
      const said = await refusal(proxyWords(far, { openssh: true }));
      assertMatch(said, /^sftpwrap: .*Host key verification failed/);
      assertEquals(await counted(far), { connections: 1, sessions: 0 });
    }, { certificates: true }),
});

Deno.test({
  name: "sftpwrap proxy by the embedded transport says what can do certificates",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      const said = await refusal(proxyWords(far));
      assertMatch(said, /^sftpwrap: [^\n]* is known by a certificate authority [^\n]*\n$/);
      assertStringIncludes(said, `${far.knownHosts} line 1`);
      assertStringIncludes(said, "use --transport=openssh");
      assertEquals(await counted(far), { connections: 1, sessions: 0 });
    }, { certificates: true }),
});

Deno.test({
  name: "sftpwrap proxy --transport=openssh goes through a ControlMaster that runs",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      const shared = await configured(far, [`ControlPath "${far.directory}/%C"`]);
      const words = proxyWords(shared, { openssh: true });
      const master = (...words: string[]) => runOk("ssh", ["-F", shared.sshConfig, ...words]);
      await master("-M", "-N", "-f", far.alias);
      try {
        await transfer(words);
        await transfer(words);
        assertEquals(await counted(far), { connections: 1, sessions: 2 });
      } finally {
        await master("-O", "exit", far.alias);
      }
      // Without the master each has a connection of its own.
      await transfer(words);
      assertEquals(await counted(far), { connections: 2, sessions: 3 });
    }),
});

Deno.test({
  name: "sftpwrap proxy --transport=openssh leaves a ControlMaster behind that is to persist",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      const shared = await configured(far, [
        "ControlMaster auto",
        "ControlPersist yes",
        `ControlPath "${far.directory}/%C"`,
      ]);
      const words = proxyWords(shared, { openssh: true });
      try {
        // The first ends although the master that it has started goes on.
        await transfer(words);
        await transfer(words);
        assertEquals(await counted(far), { connections: 1, sessions: 2 });
      } finally {
        await runOk("ssh", ["-F", shared.sshConfig, "-O", "exit", far.alias]);
      }
    }),
});

Deno.test({
  name: "sftpwrap proxy --transport=openssh logs in by a Kerberos ticket (GSSAPI)",
  ...needsKerberos("sshd", "ssh", "ssh-keygen", "id"),
  async fn() {
    const user = (await runOk("id", ["-un"])).trim();
    await withRealm(
      { user, host: "127.0.0.1" },
      ({ principal, clientEnv, hostEnv }) =>
        withOpenSshFarSide(async ({ far }) => {
          const asked = await configured(far, [
            "GSSAPIAuthentication yes",
            "PreferredAuthentications gssapi-with-mic",
          ]);
          const words = proxyWords(asked, { openssh: true });
          await transfer(words, clientEnv);
          assertMatch(await far.log(), /^Accepted gssapi-with-mic for /m);
          assertStringIncludes(await far.log(), `krb5 principal ${principal}`);
          // Without the ticket nothing else lets it in.
          const said = await refusal(words, { ...clientEnv, KRB5CCNAME: "FILE:/nonexistent" });
          assertMatch(said, /^sftpwrap: .*Permission denied/);
        }, {
          config: ["GSSAPIAuthentication yes", "GSSAPIStrictAcceptorCheck no"],
          env: hostEnv,
        }),
    );
  },
});

/** What the proxy says where an `ssh` says this, and ends; before that it may do something else. */
async function saidAfter(words: string, before = ""): Promise<string> {
  return await withTempDir(async (directory) => {
    await Deno.writeTextFile(`${directory}/words`, words);
    // In a shell below: otherwise this one's own standard output would be another meanwhile.
    const script = `#!/bin/sh\n${before}\n(cat '${directory}/words' >&2)\nexit 255\n`;
    await Deno.writeTextFile(`${directory}/ssh`, script, { mode: 0o755 });
    const env = { PATH: `${directory}:${Deno.env.get("PATH")}` };
    return await refusal(sftpwrap(["proxy", "--transport=openssh", "box"]), env);
  });
}

Deno.test({
  name: "sftpwrap proxy --transport=openssh says what ssh says, but no control of a terminal",
  ...needs("sh", "cat"),
  async fn() {
    const said = await saidAfter("\x1b[31mred \u202e alert\x07\n");
    assertStringIncludes(said, String.raw`\033[31mred \342\200\256 alert\007`);
  },
});

Deno.test({
  name: "sftpwrap proxy --transport=openssh leaves out what is too long of a line of ssh's",
  ...needs("sh", "cat"),
  async fn() {
    const said = await saidAfter(`first\r\n${"x".repeat(300_000)}\nlast`);
    assertMatch(said, /: first; x{1000}; last\n$/);
  },
});

Deno.test({
  name: "sftpwrap proxy --transport=openssh ends with ssh, whatever ssh has started and goes on",
  ...needs("sh", "cat", "sleep"),
  async fn() {
    const start = performance.now();
    const said = await saidAfter("gone\n", "sleep 20 </dev/null >/dev/null &");
    assertMatch(said, /: gone\n$/);
    assert(performance.now() - start < 15_000);
  },
});

Deno.test({
  name: "sftpwrap proxy --transport=openssh gives ssh none of its descriptors above 2",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      const [given, log] = [`${far.directory}/given`, `${far.directory}/proxy_log`];
      await Deno.writeTextFile(given, "");
      const words = proxyWords(far, { openssh: true, options: ["-l", log] });
      const seen = `${far.directory}/seen`;
      // OpenSSH's own closes them itself; not so what may stand before it on PATH.
      const folder = `${far.directory}/bin`;
      await Deno.mkdir(folder);
      const ssh = `#!/bin/sh
for fd in /proc/$$/fd/*; do readlink "$fd"; done >'${seen}'
exec '${programPath("ssh")}' "$@"
`;
      await Deno.writeTextFile(`${folder}/ssh`, ssh, { mode: 0o755 });
      const env = { PATH: `${folder}:${Deno.env.get("PATH")}` };
      const script = `exec 5<"$0" 9>>"$0" 8<"$0"; exec "$@"`;
      const proxy = await startServer("/bin/sh", ["-c", script, given, ...words], { env });
      const { stderr } = await proxy.stop();
      const open = (await Deno.readTextFile(seen)).trim().split("\n");
      assertEquals(open.filter((file) => [given, log].includes(file)), [], stderr);
      assertEquals(open.filter((file) => file.startsWith("pipe:")).length, 3);
    }),
});
