import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { SftpClient } from "../../../lib/client/client.ts";
import { SftpStatusError } from "../../../lib/client/errors.ts";
import { decodeName, encodeName } from "../../../lib/names.ts";
import { StatusCode } from "../../../lib/wire/constants.ts";
import { compilePlan, parseCompileArgs } from "../../../scripts/support/compile_plan.ts";
import {
  type ProxyLineOptions,
  proxyWords,
  startRelay,
  withFarSide,
  withOpenSshFarSide,
} from "../../clients/proxied.ts";
import { noise } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { run } from "../../support/run.ts";
import { type RunningServer, startServer } from "../../support/server.ts";
import { type Sshd, withSshd } from "../../support/sshd.ts";

const MiB = 1024 * 1024;
const HERE = needs("sshd", "ssh-keygen");

async function startProxy(far: Sshd, how: ProxyLineOptions = {}): Promise<RunningServer> {
  const [program = "", ...args] = proxyWords(far, how);
  return await startServer(program, args);
}

/** A known_hosts file with the far side's keys for another port. */
async function knownAt(far: Sshd, port: number): Promise<string> {
  const file = `${far.directory}/known_hosts_${port}`;
  const text = await Deno.readTextFile(far.knownHosts);
  await Deno.writeTextFile(file, text.replaceAll(`:${far.port} `, `:${port} `));
  return file;
}

/** Uploads without an end, and tells how much the far side has acknowledged when it fails. */
async function uploadUntilLost(
  client: SftpClient,
  path: string,
  atHalf: () => void,
): Promise<{ acknowledged: number; error: unknown }> {
  const file = await client.open(path, { write: true, create: true });
  const chunk = noise(32_768);
  const window: Promise<void>[] = [];
  let acknowledged = 0;
  for (let position = 0;; position += chunk.length) {
    window.push(file.write(chunk, position));
    if (window.length < 16) continue;
    try {
      await window.shift();
    } catch (error) {
      await Promise.allSettled(window);
      return { acknowledged, error };
    }
    acknowledged += chunk.length;
    if (acknowledged === 4 * MiB) atHalf();
  }
}

function assertLost(error: unknown): void {
  assert(error instanceof SftpStatusError, String(error));
  assertEquals(error.code, StatusCode.FAILURE);
  assertMatch(error.text, /^Failure: connection to .*127\.0\.0\.1.* lost$/);
}

async function assertAcknowledged(path: string, acknowledged: number): Promise<void> {
  const chunk = noise(32_768);
  const bytes = await Deno.readFile(path);
  assert(bytes.length >= acknowledged, `${bytes.length} of ${acknowledged} bytes are there`);
  for (let at = 0; at + chunk.length <= acknowledged; at += chunk.length) {
    assertEquals(bytes.subarray(at, at + chunk.length), chunk);
  }
}

Deno.test({
  name: "sftpwrap proxy that loses the network in an upload tells so, and ends with status 1",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far, jail }) => {
      await using relay = startRelay(far.port);
      const options = ["-n", await knownAt(far, relay.port)];
      const proxy = await startProxy({ ...far, knownHosts: options[1]! }, { port: relay.port });
      const { acknowledged, error } = await uploadUntilLost(proxy.client, "/up", relay.cut);
      assertLost(error);
      // What still comes is answered too, until the session ends by itself.
      assertLost(await proxy.client.stat("/up").catch((error) => error));
      const { code } = await proxy.process.status;
      assertEquals(code, 1);
      await assertAcknowledged(`${jail}/up`, acknowledged);
      await proxy.stop();
    }),
});

Deno.test({
  name: "sftpwrap proxy that loses the network in a download tells so, and ends with status 1",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far, jail }) => {
      const whole = noise(24 * MiB);
      await Deno.writeFile(`${jail}/down`, whole);
      await using relay = startRelay(far.port);
      const knownHosts = await knownAt(far, relay.port);
      const proxy = await startProxy({ ...far, knownHosts }, { port: relay.port });
      const file = await proxy.client.open("/down");
      const part = new Uint8Array(4 * MiB);
      assertEquals(await file.read(part, 0), part.length);
      assertEquals(part, whole.subarray(0, part.length));
      const rest = file.read(new Uint8Array(20 * MiB), part.length).catch((error) => error);
      relay.cut();
      assertLost(await rest);
      assertEquals((await proxy.process.status).code, 1);
      await proxy.stop();
    }),
});

Deno.test({
  name: "sftpwrap proxy that loses the far side's server tells so, by either transport",
  ...needs("sshd", "ssh-keygen", "ssh"),
  fn: () =>
    withFarSide(async ({ far, jail }) => {
      for (const openssh of [false, true]) {
        const proxy = await startProxy(far, { openssh });
        const { acknowledged, error } = await uploadUntilLost(
          proxy.client,
          "/up",
          () => killJail(jail),
        );
        assert(error instanceof SftpStatusError, String(error));
        assertMatch(error.text, /^Failure: connection to .* lost$/);
        assertEquals((await proxy.process.status).code, 1);
        await assertAcknowledged(`${jail}/up`, acknowledged);
        await proxy.stop();
      }
    }),
});

/** Ends the one process that serves this directory. */
function killJail(jail: string): void {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const words = commandOf(name);
    if (words.includes("jail") && words.at(-2) === jail) Deno.kill(Number(name), "SIGKILL");
  }
}

function commandOf(pid: string): string[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
  } catch (error) {
    // It has ended between the listing and now.
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

Deno.test({
  name: "sftpwrap proxy finds by keepalive that the network says nothing any more",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      await using relay = startRelay(far.port);
      const knownHosts = await knownAt(far, relay.port);
      const options = ["--keepalive=1"];
      const proxy = await startProxy({ ...far, knownHosts }, { port: relay.port, options });
      await proxy.client.stat("/");
      relay.freeze();
      assertLost(await proxy.client.stat("/").catch((error) => error));
      assertEquals((await proxy.process.status).code, 1);
      await proxy.stop();
    }),
});

Deno.test({
  name: "sftpwrap proxy ends, by either transport, when the client has gone and no answer comes",
  ...needs("sshd", "ssh-keygen", "ssh", "cat"),
  fn: () =>
    withSshd({ command: "cat >/dev/null" }, async (far) => {
      const ends = [false, true].map(async (openssh) => {
        const [program = "", ...args] = proxyWords(far, { openssh, options: ["--log-to-stderr"] });
        const options = { args, stdin: "piped", stdout: "piped", stderr: "piped" } as const;
        await using proxy = new Deno.Command(program, options).spawn();
        const said = new Response(proxy.stderr).text();
        await proxy.stdin.close();
        await proxy.stdout.cancel();
        assertEquals((await proxy.status).code, 1);
        assertStringIncludes(await said, "the client has gone, and ");
      });
      await Promise.all(ends);
    }),
});

Deno.test({
  name: "sftpwrap proxy ends with status 0 when the client hangs up, and closes the connection",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      const proxy = await startProxy(far, { options: ["--log-to-stderr"] });
      await proxy.client.stat("/");
      const { status, stderr } = await proxy.stop();
      assertEquals(status.code, 0, stderr);
      assertStringIncludes(stderr, "confined by Landlock and permissions\n");
      assertMatch(stderr, /: serving proxy "\S+@127.0.0.1:\d+"\n/);
      assertStringIncludes(stderr, "session closed");
    }),
});

Deno.test({
  name: "sftpwrap proxy goes on when the keys are exchanged again, confined as it is then",
  ...HERE,
  fn: () =>
    withOpenSshFarSide(async ({ far, jail }) => {
      await using proxy = await startProxy(far);
      const bytes = noise(16 * MiB);
      await proxy.client.writeFile(`${jail}/file`, bytes);
      assertEquals(await proxy.client.readFile(`${jail}/file`), bytes);
      const exchanges = (await far.log()).match(/SSH2_MSG_KEXINIT received/g) ?? [];
      assert(exchanges.length > 3, `keys were exchanged ${exchanges.length} times`);
    }, { config: ["RekeyLimit 1M", "LogLevel DEBUG2"] }),
});

Deno.test({
  name: "sftpwrap proxy needs no more permissions than a compiled program has",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far, jail }) => {
      const permissions = compilePlan(parseCompileArgs([])).compile
        .filter((flag) => flag.startsWith("--allow-"));
      await using proxy = await startProxy(far, { permissions });
      await proxy.client.writeFile("/file", noise(1000));
      assertEquals(await Deno.readFile(`${jail}/file`), noise(1000));
    }),
});

Deno.test({
  name: "sftpwrap proxy needs no more than a program for one far side has",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      const place = `${far.user}@${far.host}:${far.port}`;
      const files = ["-k", far.clientKey, "-n", far.knownHosts, "-c", `${far.directory}/none`];
      await Deno.writeTextFile(`${far.directory}/none`, "");
      const plan = compilePlan(parseCompileArgs(["--proxy", place, "--", ...files]));
      const permissions = plan.compile.filter((flag) => flag.startsWith("--allow-"));
      const main = proxyWords(far).find((word) => word.endsWith("main.ts")) ?? "";
      const args = ["run", "--no-prompt", "--no-check", "--quiet", ...permissions, main];
      await using proxy = await startServer(Deno.execPath(), [...args, ...plan.baked]);
      assertEquals((await proxy.client.lstat("/")).permissions! >> 12, 4);
    }),
});

Deno.test({
  name: "sftpwrap proxy refuses by the jail's policies what the far side would do",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far, jail }) => {
      await Deno.writeTextFile(`${jail}/file`, "content");
      await using proxy = await startProxy(far, {
        options: ["--read-only", "--deny-requests=readlink,statvfs"],
      });
      const { client } = proxy;
      assertEquals(new TextDecoder().decode(await client.readFile("/file")), "content");
      for (const refused of [() => client.remove("/file"), () => client.readLink("/file")]) {
        const error = await assertRejects(refused, SftpStatusError);
        assertEquals(error.code, StatusCode.PERMISSION_DENIED);
      }
      assertEquals(client.supports("statvfs@openssh.com"), false);
      assertEquals(client.supports("posix-rename@openssh.com"), false);
      // The same figures by a handle.
      assertEquals(client.supports("fstatvfs@openssh.com"), false);
      assertEquals(client.supports("expand-path@openssh.com"), true);
    }),
});

Deno.test({
  name: "sftpwrap proxy --root shows one directory of the far side",
  ...HERE,
  fn: () =>
    withOpenSshFarSide(async ({ far, jail }) => {
      await Deno.mkdir(`${jail}/in`);
      await Deno.writeTextFile(`${jail}/secret`, "secret");
      await Deno.symlink("../secret", `${jail}/in/way`);
      await using proxy = await startProxy(far, { options: ["--root=in"] });
      const { client } = proxy;
      assertEquals(await client.realPath("."), "/");
      const error = await assertRejects(() => client.readFile("/way"), SftpStatusError);
      assertEquals(error.code, StatusCode.PERMISSION_DENIED);
      await client.writeFile("/new", noise(10));
      assertEquals(await Deno.readFile(`${jail}/in/new`), noise(10));
    }),
});

Deno.test({
  name: "sftpwrap proxy starts where the far side has the session start, or where it is told",
  ...HERE,
  fn: () =>
    withOpenSshFarSide(async ({ far, jail }) => {
      await Deno.mkdir(`${jail}/in`);
      const real = await Deno.realPath(jail);
      for (const [options, expected] of [[[], real], [["--start-directory=in"], `${real}/in`]]) {
        await using proxy = await startProxy(far, { options: options as string[] });
        assertEquals(await proxy.client.realPath("."), expected);
      }
    }),
});

Deno.test({
  name: "sftpwrap proxy passes names of random bytes on, every byte of them",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      await using proxy = await startProxy(far);
      const names = new Set<string>();
      for (let seed = 1; seed <= 60; seed++) {
        const bytes = noise(1 + seed * 3, seed).map((byte) =>
          byte === 0 || byte === 0x2f ? 1 : byte
        );
        names.add(decodeName(bytes));
      }
      for (const name of names) await proxy.client.writeFile(`/${name}`, new Uint8Array(0));
      const listed = await Array.fromAsync(proxy.client.readDir("/"), ({ name }) => name);
      // As hexadecimal digits, so that a failure can be read.
      const hex = (list: Iterable<string>) => [...list].map((name) => encodeName(name).toHex());
      assertEquals(hex(listed).sort(), hex(names).sort());
    }),
});

Deno.test({
  name: "sftpwrap proxy lists a directory of 10,000 files whole, with the far side's own lines",
  ...HERE,
  fn: () =>
    withOpenSshFarSide(async ({ far, jail }) => {
      await Deno.mkdir(`${jail}/many`);
      for (let index = 0; index < 10_000; index++) {
        await Deno.writeTextFile(`${jail}/many/file ${index}`, "");
      }
      await using proxy = await startProxy(far);
      const found = new Set<string>();
      for await (const { name, longname } of proxy.client.readDir("many")) {
        assertMatch(longname, /^-rw.* file \d+$/);
        found.add(name);
      }
      assertEquals(found.size, 10_000);
    }),
});

for (
  const { what, words, says } of [
    { what: "a name that is none", words: ["no-such-host.invalid"], says: /no-such-host\.invalid/ },
    {
      what: "a port where nobody listens",
      words: ["-p", "1", "a@127.0.0.1"],
      says: /127\.0\.0\.1/,
    },
    {
      what: "a password file that is not there",
      words: ["--password-file=/none", "a@h"],
      says: /\/none/,
    },
    { what: "an option that is none", words: ["--nonsense", "h"], says: /--nonsense/ },
    { what: "no host", words: [], says: /HOST is missing/ },
  ]
) {
  Deno.test(`sftpwrap proxy with ${what} says so in a line, and nothing on its output`, async () => {
    const main = new URL("../../../main.ts", import.meta.url).pathname;
    const args = ["run", "-A", "--no-check", "--quiet", main, "proxy", "-c", "/dev/null", ...words];
    const { code, stdout, stderr } = await run(Deno.execPath(), args);
    assertEquals([code, stdout], [1, ""], stderr);
    assertMatch(stderr, says);
    assertMatch(stderr.split("\n")[0] ?? "", /^sftpwrap: /);
  });
}

for (const format of ["text", "json"]) {
  Deno.test({
    name: `sftpwrap proxy warns of a password on the command line, and tells it nobody (${format})`,
    ...HERE,
    fn: () =>
      withFarSide(async ({ far }) => {
        const log = `${far.directory}/proxy_log`;
        const options = ["-l", log, "--log-level=debug", `--log-format=${format}`];
        const words = proxyWords(far, { options });
        const [program = "", ...args] = [
          ...words.slice(0, -1),
          `${far.user}:hush-4711@${far.host}`,
        ];
        const proxy = await startServer(program, args);
        await proxy.client.stat("/");
        const { stderr } = await proxy.stop();
        const told = stderr + await Deno.readTextFile(log);
        assertStringIncludes(stderr, "password on the command line");
        assertMatch(told, format === "text" ? /session opened/ : /"event":"stat","path":"\/"/);
        assert(!told.includes("hush"), told);
      }),
  });
}
