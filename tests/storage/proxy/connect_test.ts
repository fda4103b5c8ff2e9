import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { SftpClient } from "../../../lib/client/client.ts";
import { ALGORITHMS } from "../../../lib/storage/proxy/ssh2/algorithms.ts";
import { connect } from "../../../lib/storage/proxy/connect.ts";
import {
  type ConnectOptions,
  type SshTransport,
} from "../../../lib/storage/proxy/connection_options.ts";
import { reasonOf } from "../../../lib/storage/proxy/ssh2/dial.ts";
import { ciphersMayStay } from "./support/old_deno.ts";
import { noise } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { run, runOk } from "../../support/run.ts";
import { type KeyType, type Sshd, withSshd } from "../../support/sshd.ts";
import { direct, greet, refusal } from "./support/connecting.ts";
import { recorded } from "./support/options.ts";

const ssh = { ...needs("sshd", "ssh", "ssh-keygen"), ...ciphersMayStay };

for (const transport of ["ssh2", "openssh"] satisfies SshTransport[]) {
  Deno.test({
    name: `connect() reaches the SFTP subsystem by ${transport}, and closes what it opened`,
    ...ssh,
    async fn() {
      await withSshd({}, async (sshd) => {
        const { options } = recorded({ host: sshd.alias, transport, sshConfig: sshd.sshConfig });
        const connected = await connect(options);
        const client = await SftpClient.connect(connected.channel);
        assertStringIncludes(await client.realPath("."), "/");
        await client.close();
        await connected.close();
        assert((await connected.closed).length > 0);
      });
    },
  });
}

for (const type of ["ed25519", "rsa", "ecdsa"] satisfies KeyType[]) {
  Deno.test({
    name: `connect() verifies a host key of type ${type} among others, and signs with one`,
    ...ssh,
    async fn() {
      await withSshd({ hostKeys: ["rsa", "ecdsa", "ed25519"], clientKey: type }, async (sshd) => {
        const lines = (await Deno.readTextFile(sshd.knownHosts)).split("\n");
        const only = lines.find((line) => line.includes(type))!;
        await Deno.writeTextFile(sshd.knownHosts, `${only}\n`);
        await greet(direct(sshd));
      });
    },
  });
}

Deno.test({
  name: "connect() asks for a key that is known of the port, not of another one of the host",
  ...ssh,
  async fn() {
    await withSshd({ hostKeys: ["rsa", "ed25519"] }, async (sshd) => {
      const [rsa = "", ed25519 = ""] = (await Deno.readTextFile(sshd.knownHosts)).split("\n");
      const elsewhere = ed25519.replace(/^\S+/, sshd.host);
      await Deno.writeTextFile(sshd.knownHosts, `${rsa}\n${elsewhere}\n`);
      await greet(direct(sshd));
    });
  },
});

Deno.test({
  name: "connect() refuses an unknown host with its fingerprint and the line that would add it",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      await Deno.writeTextFile(sshd.knownHosts, "");
      const error = await refusal(direct(sshd));
      const shown = await runOk("ssh-keygen", ["-l", "-f", `${sshd.hostKeys[0]}.pub`]);
      const [, fingerprint = "none"] = shown.split(" ");
      assertStringIncludes(error.message, fingerprint);
      assertStringIncludes(error.message, "--accept-new");
      const [, command = ""] = /(ssh-keyscan [^>]*)>>/.exec(error.message) ?? [];
      const [program = "", ...args] = command.trim().split(" ");
      await Deno.writeTextFile(sshd.knownHosts, (await run(program, args)).stdout);
      await greet(direct(sshd));
    });
  },
});

Deno.test({
  name: "connect() learns a new host once where it may, and never a second key",
  ...ssh,
  async fn() {
    await withSshd({ hostKeys: ["ed25519", "rsa"] }, async (sshd) => {
      await Deno.remove(sshd.knownHosts);
      const hashed = await configured(sshd, "HashKnownHosts yes");
      const { options, log } = recorded(byAlias(sshd, hashed, { verifyHost: "accept-new" }));
      await greet(options);
      await greet(options);
      const learned = await Deno.readTextFile(sshd.knownHosts);
      assertMatch(learned, /^\|1\|\S+ ssh-ed25519 \S+\n$/);
      assertEquals(log.filter((line) => line.includes("added to")).length, 1);
      // ssh agrees with what was written.
      await runOk("ssh-keygen", ["-F", `[127.0.0.1]:${sshd.port}`, "-f", sshd.knownHosts]);

      await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${sshd.directory}/else`]);
      const [, other = ""] = (await Deno.readTextFile(`${sshd.directory}/else.pub`)).split(" ");
      const swapped = learned.replace(/ssh-ed25519 \S+/, `ssh-ed25519 ${other}`);
      await Deno.writeTextFile(sshd.knownHosts, swapped);
      const error = await refusal(options);
      assertStringIncludes(error.message, "HAS CHANGED");
      assertEquals(await Deno.readTextFile(sshd.knownHosts), swapped);
    });
  },
});

Deno.test({
  name: "connect() refuses a revoked key, and a host that only an authority vouches for",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      const known = await Deno.readTextFile(sshd.knownHosts);
      const key = known.split(" ").slice(1).join(" ");
      await Deno.writeTextFile(sshd.knownHosts, `${known}@revoked * ${key}`);
      assertStringIncludes((await refusal(direct(sshd))).message, "REVOKED");
      await Deno.writeTextFile(sshd.knownHosts, `@cert-authority [127.0.0.1]:* ${key}`);
      assertStringIncludes((await refusal(direct(sshd))).message, "--transport=openssh");
    });
  },
});

Deno.test({
  name: "connect() looks a host up by its alias, and under its name without the port",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      const known = await Deno.readTextFile(sshd.knownHosts);
      const key = known.split(" ").slice(1).join(" ");
      await Deno.writeTextFile(sshd.knownHosts, `127.0.0.1 ${key}`);
      await greet(direct(sshd));
      await Deno.writeTextFile(sshd.knownHosts, `cluster ${key}`);
      await refusal(direct(sshd));
      await greet(byAlias(sshd, await configured(sshd, "HostKeyAlias cluster")));
    });
  },
});

Deno.test({
  name: "connect() asks nobody who the host is where it is told so",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      const known = await Deno.readTextFile(sshd.knownHosts);
      const swapped = known.replace(/AAAA\S+/, await otherKey(sshd));
      await Deno.writeTextFile(sshd.knownHosts, swapped);
      await refusal(direct(sshd));
      await greet(direct(sshd, { verifyHost: "off" }));
      const { options, log } = recorded(byAlias(
        sshd,
        await configured(sshd, "StrictHostKeyChecking no"),
        { verifyHost: undefined },
      ));
      await greet(options);
      assert(log.some((line) => line.includes("HAS CHANGED")), log.join("\n"));
      assertEquals(await Deno.readTextFile(sshd.knownHosts), swapped);
    });
  },
});

Deno.test("connect() names what goes wrong before there is a connection", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const at = (host: string, more: Partial<ConnectOptions> = {}) =>
    refusal(recorded({ host, user: "alice", port, ...more }).options);
  assertEquals(
    (await at("127.0.0.1")).message,
    `alice@127.0.0.1:${port}: connection refused`,
  );
  assertEquals((await at("::1")).message, `alice@[::1]:${port}: connection refused`);
  assertStringIncludes(
    (await at("host.invalid")).message,
    `alice@host.invalid:${port}: the name `,
  );
  await at("-oProxyCommand=x");
  await at("-oProxyCommand=x", { transport: "openssh" });
  assertStringIncludes((await at("host", { sshConfig: "/nonexistent" })).message, "/nonexistent");
});

Deno.test("reasonOf() points to the other transport where Deno cannot reach an address", () => {
  const error = Object.assign(new Error("connect EINVAL fe80::1%eth0:22"), { code: "EINVAL" });
  assertStringIncludes(reasonOf(error), "use --transport=openssh");
});

Deno.test("connect() gives up a host that does not answer, and one that speaks no SSH", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const { options } = recorded({ host: "127.0.0.1", user: "alice", port, connectTimeout: 1 });
  const silence = refusal(options);
  const silent = await listener.accept();
  const heard = new Uint8Array(64);
  const length = await silent.read(heard);
  assertEquals(new TextDecoder().decode(heard.subarray(0, length!)), "SSH-2.0-sftpwrap\r\n");
  assertStringIncludes((await silence).message, "timed out while connecting");
  silent.close();

  const hangingUp = refusal({ ...options, connectTimeout: 0 });
  (await listener.accept()).close();
  const place = `alice@127.0.0.1:${port}`;
  assertStringIncludes((await hangingUp).message, `${place}: `);

  // So sshd does it where its MaxStartups are reached.
  const tooMany = refusal({ ...options, connectTimeout: 0 });
  const busy = await listener.accept();
  await busy.write(new TextEncoder().encode("Exceeded MaxStartups\r\n"));
  await busy.read(heard);
  busy.close();
  assertStringIncludes((await tooMany).message, `${place}: the host hung up before it showed`);

  const talking = refusal({ ...options, connectTimeout: 0 });
  const web = await listener.accept();
  await web.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(99)));
  web.close();
  assertStringIncludes((await talking).message, `alice@127.0.0.1:${port}: `);
  listener.close();
});

Deno.test({
  name: "connect() tells where there is no SFTP subsystem",
  ...ssh,
  async fn() {
    await withSshd({ subsystem: null }, async (sshd) => {
      const error = await refusal(direct(sshd));
      assertMatch(error.message, /^\S+@127\.0\.0\.1:\d+: .*subsystem/i);
    });
  },
});

Deno.test({
  name: "connect() uses the algorithms that ssh_config names, or says that it has none of them",
  ...ssh,
  async fn() {
    await withSshd({ hostKeys: ["ed25519", "rsa"] }, async (sshd) => {
      const config = (text: string) => configured(sshd, text);
      await greet(byAlias(
        sshd,
        await config("Ciphers aes256-ctr\nMACs hmac-sha2-512\nKexAlgorithms ecdh-*"),
      ));
      await greet(byAlias(sshd, await config("HostKeyAlgorithms rsa-sha2-512")));
      const error = await refusal(byAlias(sshd, await config("MACs umac-*")));
      assertStringIncludes(error.message, "MACs umac-*");
      assertStringIncludes(error.message, "--transport=openssh");
    });
  },
});

// Deno 2.6 has not all ciphers.
const ciphers = ["chacha20-poly1305@openssh.com", "aes128-ctr"];
for (const cipher of ciphers.filter((cipher) => ALGORITHMS.cipher.offered.includes(cipher))) {
  Deno.test({
    name: `connect() goes on through many exchanges of keys, with ${cipher}`,
    ...ssh,
    async fn() {
      await withSshd({ hostKeys: ["ed25519", "rsa"], config: ["RekeyLimit 1M"] }, async (sshd) => {
        const sshConfig = await configured(sshd, `Ciphers ${cipher}`);
        const connected = await connect(byAlias(sshd, sshConfig));
        const client = await SftpClient.connect(connected.channel);
        const data = noise(8 * 1024 * 1024);
        await client.writeFile(`${sshd.directory}/file`, data);
        assertEquals(await Deno.readFile(`${sshd.directory}/file`), data);
        assertEquals(await client.readFile(`${sshd.directory}/file`), data);
        await client.close();
        await connected.close();
      });
    },
  });
}

Deno.test({
  name: "connect() goes through one host and through two, each verified on its own",
  ...ssh,
  async fn() {
    await withSshd({ keyOptions: "" }, async (first) => {
      await withSshd({ keyOptions: "" }, async (second) => {
        await withSshd({}, async (target) => {
          const config = (jump: string) =>
            Deno.writeTextFile(
              `${target.directory}/all`,
              [
                section("first", first),
                section("second", second),
                section("target", target),
                `Host target\nProxyJump ${jump}\n`,
              ].join("\n"),
            );
          const { options } = recorded({
            host: "target",
            sshConfig: `${target.directory}/all`,
            verifyHost: "strict",
          });
          for (
            const [jump, hops] of [["first", [first]], ["first,second", [first, second]]] as const
          ) {
            await config(jump);
            await greet(options);
            for (const hop of hops) assertMatch(await hop.log(), /Accepted publickey/);
            for (const hop of hops) {
              const known = await Deno.readTextFile(hop.knownHosts);
              await Deno.writeTextFile(hop.knownHosts, "");
              const error = await refusal(options);
              assertStringIncludes(error.message, `127.0.0.1:${hop.port}: the host key of`);
              await Deno.writeTextFile(hop.knownHosts, known);
            }
          }
          await Deno.writeTextFile(target.knownHosts, "");
          const error = await refusal(options);
          assertStringIncludes(error.message, `127.0.0.1:${target.port}: the host key of`);
          assertEquals(error.message.includes("ssh-keyscan"), false);
          await config("target,first");
          await config("second,nowhere.invalid");
          assertStringIncludes((await refusal(options)).message, "nowhere.invalid");
        });
      });
    });
  },
});

Deno.test({
  name: "connect() does not go through a host to itself, nor in a circle",
  ...ssh,
  async fn() {
    await withSshd({ keyOptions: "" }, async (sshd) => {
      const itself = await configured(sshd, `ProxyJump ${sshd.alias}`);
      await greet(byAlias(sshd, itself));
      const circle = `${sshd.directory}/circle`;
      await Deno.writeTextFile(circle, "Host a\nProxyJump b\nHost b\nProxyJump a\n");
      const { options } = recorded({ host: "a", sshConfig: circle });
      assertStringIncludes((await refusal(options)).message, "or a loop");
    });
  },
});

Deno.test({
  name: "connect() notices that the far side has gone, killed or silent",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
        const connected = await connect(direct(sshd, { keepalive: 1 }));
        const client = await SftpClient.connect(connected.channel);
        const before = await client.realPath(".");
        const processes = await sessionsOf(sshd);
        for (const pid of processes) Deno.kill(pid, signal);
        const outstanding = client.stat(before);
        await assertRejects(() => outstanding);
        assert((await connected.closed).length > 0);
        if (signal === "SIGSTOP") {
          assertStringIncludes(await connected.closed, "no sign of life");
          for (const pid of processes) Deno.kill(pid, "SIGKILL");
        }
        await connected.close();
      }
    });
  },
});

Deno.test({
  name: "connect() by openssh ends with ssh's own words where it fails",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      await Deno.writeTextFile(sshd.knownHosts, "");
      const { options, log } = recorded(direct(sshd, { transport: "openssh" }));
      const connected = await connect(options);
      await assertRejects(() => SftpClient.connect(connected.channel));
      assertStringIncludes(await connected.closed, "Host key verification failed");
      assert(log.some((line) => line.startsWith("ssh: ")));
      await connected.close();
    });
  },
});

/** The options of a connection to a server by its alias in an ssh_config. */
function byAlias(
  sshd: Sshd,
  sshConfig: string,
  more: Partial<ConnectOptions> = {},
): ConnectOptions {
  return direct(sshd, { host: sshd.alias, sshConfig, ...more });
}

/** The server's configuration with lines before it; by its path. */
async function configured(sshd: Sshd, lines: string): Promise<string> {
  const path = `${sshd.directory}/further_config`;
  await Deno.writeTextFile(path, `${lines}\n${await Deno.readTextFile(sshd.sshConfig)}`);
  return path;
}

function section(name: string, sshd: Sshd): string {
  return [
    `Host ${name}`,
    `HostName ${sshd.host}`,
    `Port ${sshd.port}`,
    `User ${sshd.user}`,
    `IdentityFile "${sshd.clientKey}"`,
    `UserKnownHostsFile "${sshd.knownHosts}"`,
    "GlobalKnownHostsFile none",
  ].join("\n");
}

async function otherKey(sshd: Sshd): Promise<string> {
  const path = `${sshd.directory}/other_key`;
  await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
  return (await Deno.readTextFile(`${path}.pub`)).split(" ")[1]!;
}

/** The processes of a server's sessions, which sshd has started for each connection. */
async function sessionsOf(sshd: Sshd): Promise<number[]> {
  const { stdout } = await run("ps", ["-eo", "pid,ppid,args"]);
  const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  const isServer = (words: readonly string[]) =>
    words.includes(`${sshd.directory}/sshd_config`) && words.includes("-D");
  const server = rows.find((words) => isServer(words))?.[0];
  return rows.filter(([, parent]) => parent === server).map(([pid]) => Number(pid));
}
