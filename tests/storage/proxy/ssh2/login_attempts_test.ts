import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  AttemptQueue,
  type ClientKey,
  collectCredentials,
  describeAttempt,
} from "../../../../lib/storage/proxy/ssh2/login_attempts.ts";
import { resolveTarget } from "../../../../lib/storage/proxy/config/target.ts";
import { ciphersMayStay } from "../support/old_deno.ts";
import { withTempDir } from "../../../support/files.ts";
import { needs, programPath } from "../../../support/programs.ts";
import { runOk } from "../../../support/run.ts";
import { type KeyType, type Sshd, withSshd } from "../../../support/sshd.ts";
import { needsAccount, withAccount } from "../support/account.ts";
import { direct, greet, refusal } from "../support/connecting.ts";
import { recorded } from "../support/options.ts";

const ssh = { ...needs("sshd", "ssh-keygen"), ...ciphersMayStay };

const PASSPHRASE = "open, sesame";

for (const type of ["ed25519", "rsa", "ecdsa"] satisfies KeyType[]) {
  Deno.test({
    name: `collectCredentials() opens an encrypted key of type ${type} with its passphrase alone`,
    ...ssh,
    async fn() {
      await withSshd({ clientKey: type }, async (sshd) => {
        await encrypt(sshd.clientKey);
        const { options, log } = recorded(direct(sshd, { passphrase: PASSPHRASE }));
        await greet(options);
        const without = await refusal(direct(sshd));
        assertStringIncludes(without.message, "it is encrypted, and there is no passphrase");
        const wrong = await refusal({ ...options, passphrase: "close, barley" });
        assertStringIncludes(wrong.message, "the passphrase does not open it");
        assertSilent([...log, wrong.message], [PASSPHRASE, "close, barley"]);
      });
    },
  });
}

Deno.test({
  name: "collectCredentials() opens encrypted keys of the older format",
  ...ssh,
  async fn() {
    await withSshd({ clientKey: "rsa" }, async (sshd) => {
      await runOk("ssh-keygen", [
        "-q",
        "-p",
        "-m",
        "PEM",
        "-P",
        "",
        "-N",
        PASSPHRASE,
        "-f",
        sshd.clientKey,
      ]);
      assertStringIncludes(await Deno.readTextFile(sshd.clientKey), "BEGIN RSA PRIVATE KEY");
      await greet(direct(sshd, { passphrase: PASSPHRASE }));
      const wrong = await refusal(direct(sshd, { passphrase: "close, barley" }));
      assertStringIncludes(wrong.message, "the passphrase does not open it");
    });
  },
});

Deno.test({
  name: "collectCredentials() says what does not open a key, whichever cipher encrypts it",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      const wrong = "the passphrase does not open it";
      // Deno 2.6 does not know this cipher well enough for any passphrase.
      const underGcm = Deno.version.deno.startsWith("2.6.") ? "ssh-keygen -p -f FILE" : wrong;
      for (
        const [cipher, told] of [
          ["aes128-cbc", wrong],
          ["aes256-gcm@openssh.com", underGcm],
        ] as const
      ) {
        await runOk("ssh-keygen", ["-p", "-Z", cipher, "-N", PASSPHRASE, "-f", sshd.clientKey]);
        const { message } = await refusal(direct(sshd, { passphrase: "close, barley" }));
        assertStringIncludes(message, told, cipher);
        await runOk("ssh-keygen", ["-p", "-P", PASSPHRASE, "-N", "", "-f", sshd.clientKey]);
      }
    });
  },
});

Deno.test({
  name:
    "collectCredentials() has each key of an agent tried, and says in the log which was refused",
  ...needs("sshd", "ssh-keygen", "ssh-agent", "ssh-add"),
  ...ciphersMayStay,
  async fn() {
    await withSshd({}, async (sshd) => {
      await withAgent(async (agentSocket, add) => {
        const others = [await makeKey(sshd, "rsa"), await makeKey(sshd, "ecdsa")];
        for (const key of others) await add(key);
        const environment = { user: sshd.user, agentSocket };
        const { options, log } = recorded(
          direct(sshd, { keys: [], agent: true, environment, sshConfig: "none" }),
        );
        const error = await refusal(options);
        assertStringIncludes(error.message, "refused: publickey agent's key 1 (ssh-rsa)");
        assertStringIncludes(error.message, "agent's key 2 (ecdsa-sha2-nistp256)");
        await add(sshd.clientKey);
        await greet(options);
        assert(
          log.includes("127.0.0.1: publickey agent's key 2 (ecdsa-sha2-nistp256) was refused"),
        );
        assertStringIncludes(log.at(-1) ?? "", "by publickey agent's key 3 (ssh-ed25519)");

        const asked = log.length;
        await greet({ ...options, sshConfig: await only(sshd, agentSocket), agent: false });
        assertEquals(log.slice(asked).filter((line) => line.includes("refused")), []);
        assertStringIncludes((await refusal({ ...options, agent: false })).message, "nothing");
      });
    });
  },
});

Deno.test({
  name: "collectCredentials() goes on without an agent that does not answer",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      const environment = { user: sshd.user, agentSocket: `${sshd.directory}/nobody` };
      const { options, log } = recorded(direct(sshd, { agent: true, environment }));
      await greet(options);
      assert(log.some((line) => line.includes("does not answer")), log.join("\n"));
    });
  },
});

Deno.test({
  name: "collectCredentials() finds the default keys, as far as they are there",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      await withTempDir(async (home) => {
        await Deno.mkdir(`${home}/.ssh`);
        const none = direct(sshd, { keys: undefined, environment: { user: sshd.user, home } });
        assertStringIncludes((await refusal(none)).message, "there is nothing to log in with");
        await Deno.copyFile(sshd.clientKey, `${home}/.ssh/id_ed25519`);
        await Deno.rename(await makeKey(sshd, "rsa"), `${home}/.ssh/id_rsa`);
        const { options, log } = recorded(none);
        await greet(options);
        assertStringIncludes(log.join("\n"), "id_rsa (ssh-rsa) was refused");
        assertStringIncludes(log.at(-1) ?? "", "/.ssh/id_ed25519 (ssh-ed25519)");
      });
    });
  },
});

Deno.test({
  name: "collectCredentials() says what is wrong with a key that it cannot use",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      const bad = `${sshd.directory}/bad`;
      await Deno.writeTextFile(bad, "not a key\n", { mode: 0o600 });
      assertStringIncludes((await refusal(direct(sshd, { keys: [bad] }))).message, "it is no key");
      const missing = await refusal(direct(sshd, { keys: [`${bad}der`] }));
      assertStringIncludes(missing.message, "badder: it does not exist");
      await Deno.chmod(sshd.clientKey, 0o644);
      for (const uid of [undefined, Deno.uid()!]) {
        const open = await refusal(direct(sshd, { environment: { uid } }));
        assertStringIncludes(open.message, "others may read it");
      }
      // Whoever lends a key says who else may read it.
      await greet(direct(sshd, { environment: { uid: Deno.uid()! + 1 } }));
    });
  },
});

Deno.test({
  name: "collectCredentials() opens a key without a passphrase where one is given, in every format",
  ...needs("sshd", "ssh-keygen", "puttygen"),
  ...ciphersMayStay,
  async fn() {
    for (const type of ["ed25519", "rsa", "ecdsa"] satisfies KeyType[]) {
      await withSshd({ clientKey: type }, async (sshd) => {
        const ppk = `${sshd.directory}/key.ppk`;
        const version = ["--ppk-param", "version=2"];
        await runOk("puttygen", [sshd.clientKey, "-O", "private", ...version, "-o", ppk]);
        const keys = type === "rsa" ? [sshd.clientKey, ppk] : [sshd.clientKey];
        for (const key of keys) {
          await greet(direct(sshd, { keys: [key], passphrase: PASSPHRASE }));
        }
        if (type !== "rsa") return;
        await runOk("ssh-keygen", ["-q", "-p", "-m", "PEM", "-N", "", "-f", sshd.clientKey]);
        await greet(direct(sshd, { passphrase: PASSPHRASE }));
      });
    }
  },
});

Deno.test({
  name: "collectCredentials() says that a public key needs the agent which has the private one",
  ...needs("sshd", "ssh-keygen", "ssh-agent", "ssh-add"),
  ...ciphersMayStay,
  async fn() {
    await withSshd({}, async (sshd) => {
      const keys = [`${sshd.clientKey}.pub`];
      const without = await refusal(direct(sshd, { keys }));
      assertStringIncludes(without.message, ".pub: it is a public key, and no agent is asked");
      await withAgent(async (agentSocket, add) => {
        const options = direct(sshd, { keys, agent: true, environment: { agentSocket } });
        const { message } = await refusal(options);
        assertStringIncludes(message, ".pub: it is a public key, and the agent does not have it");
        await add(sshd.clientKey);
        await greet(options);
      });
    });
  },
});

Deno.test({
  name: "connect() logs in with a password, which nobody gets to see",
  ...needsAccount("sshd"),
  ...ciphersMayStay,
  async fn() {
    const config = ["PasswordAuthentication yes"];
    await withAccount(async ({ user, password }) => {
      await withSshd({ config }, async (sshd) => {
        const { options, log } = recorded(direct(sshd, { keys: [], user, password }));
        await greet(options);
        assertStringIncludes(log.at(-1) ?? "", `as ${user} by password`);
        const wrong = await refusal({ ...options, password: "wrong password" });
        assertStringIncludes(wrong.message, "refused: password");
        assertSilent([...log, wrong.message], [password, "wrong password"]);

        // Whoever has taken the host's place is not to have it either.
        const known = await Deno.readTextFile(sshd.knownHosts);
        const key = (await Deno.readTextFile(`${await makeKey(sshd, "ed25519")}.pub`)).split(" ");
        await Deno.writeTextFile(sshd.knownHosts, known.replace(/AAAA\S+/, key[1]!));
        const sshConfig = `${sshd.directory}/lax`;
        await Deno.writeTextFile(sshConfig, "StrictHostKeyChecking no\n");
        const doubtful = await refusal({ ...options, sshConfig, verifyHost: undefined });
        assertStringIncludes(doubtful.message, "password not tried");
        await greet({ ...options, verifyHost: "off" });
      });
    });
  },
});

Deno.test({
  name: "connect() logs in with a key and then a password where the server wants both",
  ...needsAccount("sshd", "ssh-keygen"),
  ...ciphersMayStay,
  async fn() {
    const config = ["PasswordAuthentication yes", "AuthenticationMethods publickey,password"];
    await withAccount(async ({ user, password }) => {
      await withSshd({ config }, async (sshd) => {
        // sshd reads it as the user who comes.
        await Deno.chmod(sshd.directory, 0o711);
        await Deno.chmod(`${sshd.directory}/authorized_keys`, 0o644);
        const { options, log } = recorded(direct(sshd, { user, password }));
        await greet(options);
        assert(log.some((line) => line.endsWith("is right, and more is wanted")), log.join("\n"));
        const { message } = await refusal({ ...options, password: undefined });
        assertStringIncludes(message, "is right, and the server wants more; there is nothing");
        await refusal({ ...options, keys: [] });
      });
    });
  },
});

Deno.test({
  name: "connect() answers a keyboard-interactive question with the password",
  ...needsAccount("sshd", "/etc/pam.d/sshd"),
  ...ciphersMayStay,
  async fn() {
    const config = ["UsePAM yes", "KbdInteractiveAuthentication yes"];
    await withAccount(async ({ user, password }) => {
      await withSshd({ config }, async (sshd) => {
        const { options, log } = recorded(direct(sshd, { keys: [], user, password }));
        await greet(options);
        assertStringIncludes(log.at(-1) ?? "", "by keyboard-interactive");
        const wrong = await refusal({ ...options, password: "wrong password" });
        assertStringIncludes(wrong.message, "refused: keyboard-interactive");
      });
    });
  },
});

Deno.test({
  name: "collectCredentials() passes over a key of a curve that Deno does not sign with",
  ...ssh,
  async fn() {
    await withSshd({}, async (sshd) => {
      for (const format of ["RFC4716", "PEM"]) {
        const large = `${sshd.directory}/${format}`;
        const type = ["-t", "ecdsa", "-b", "521", "-m", format];
        await runOk("ssh-keygen", ["-q", ...type, "-N", "", "-f", large]);
        const { options, log } = recorded(direct(sshd, { keys: [large, sshd.clientKey] }));
        await greet(options);
        assertStringIncludes(log.join("\n"), large);
        assertStringIncludes((await refusal(direct(sshd, { keys: [large] }))).message, large);
      }
    });
  },
});

Deno.test("collectCredentials() keeps ssh's order: agent's keys that are named, other agent's, files", async () => {
  await withTempDir(async (directory) => {
    for (const name of ["a", "b", "c"]) {
      await Deno.writeTextFile(`${directory}/${name}`, name, { mode: 0o600 });
    }
    const keys = ["a", "b", "c"].map((name) => `${directory}/${name}`);
    const tried = async (lines: string) => {
      await Deno.writeTextFile(`${directory}/config`, lines);
      const { options } = recorded({
        host: "box",
        user: "alice",
        keys,
        agent: true,
        password: "x",
        sshConfig: `${directory}/config`,
        environment: { agentSocket: "/agent" },
      });
      const { attempts } = await collectCredentials(resolveTarget(options), {
        options,
        tools: {
          parse: (bytes) => fakeKey(new TextDecoder().decode(bytes)),
          agentKeys: () => Promise.resolve(["x", "c", "y", "b"].map((name) => fakeKey(name))),
        },
      });
      return attempts.map((attempt) =>
        describeAttempt(attempt).replace(/^publickey (.*) \(.*$/, "$1").replace(`${directory}/`, "")
      );
    };
    const agents = (...numbers: number[]) => numbers.map((number) => `agent's key ${number}`);
    assertEquals(await tried(""), [
      ...agents(4, 2, 1, 3),
      "a",
      "keyboard-interactive",
      "password",
    ]);
    assertEquals(await tried("IdentitiesOnly yes\nPasswordAuthentication no"), [
      ...agents(4, 2),
      "a",
      "keyboard-interactive",
    ]);
    assertEquals(await tried("PreferredAuthentications password,gssapi-with-mic"), ["password"]);
    assertEquals(await tried("PubkeyAcceptedAlgorithms ssh-rsa\nPubkeyAuthentication no"), [
      "keyboard-interactive",
      "password",
    ]);
    assertEquals(await tried("PubkeyAcceptedAlgorithms ssh-rsa"), [
      "keyboard-interactive",
      "password",
    ]);
  });
});

Deno.test("AttemptQueue hands out each attempt once, when the server takes its method", () => {
  const password = { method: "password", password: "x" } as const;
  const keyboard = { method: "keyboard-interactive", password: "x" } as const;
  const queue = new AttemptQueue<ClientKey>([keyboard, password]);
  assertEquals(queue.next(["publickey"]), undefined);
  assertEquals(queue.next(["password"]), password);
  assertEquals(queue.next(["password"]), undefined);
  assertEquals(queue.next(["password", "keyboard-interactive"]), keyboard);
});

function fakeKey(name: string): ClientKey {
  return {
    type: "ssh-ed25519",
    getPublicSSH: () => new TextEncoder().encode(name),
    isPrivateKey: () => true,
  };
}

async function encrypt(key: string): Promise<void> {
  await runOk("ssh-keygen", ["-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", key]);
}

/** A new key, by its path. */
async function makeKey(sshd: Sshd, type: KeyType): Promise<string> {
  const path = `${sshd.directory}/another_${type}`;
  await runOk("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", path]);
  return path;
}

/** A configuration with the agent, of which the server's own key alone is to be used. */
async function only(sshd: Sshd, agentSocket: string): Promise<string> {
  const path = `${sshd.directory}/only`;
  const publicKey = `${sshd.directory}/named.pub`;
  await Deno.copyFile(`${sshd.clientKey}.pub`, publicKey);
  const lines = ["IdentitiesOnly yes", `IdentityFile ${publicKey}`, `IdentityAgent ${agentSocket}`];
  await Deno.writeTextFile(path, lines.join("\n") + "\n");
  return path;
}

async function withAgent(
  use: (socket: string, add: (key: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  await withTempDir(async (directory) => {
    const socket = `${directory}/agent`;
    const agent = new Deno.Command(programPath("ssh-agent"), {
      args: ["-D", "-a", socket],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    try {
      // It says where it listens as soon as it does.
      const reader = agent.stdout.getReader();
      await reader.read();
      await use(socket, (key) => runOk("ssh-add", ["-q", key], { env: { SSH_AUTH_SOCK: socket } }));
      await reader.cancel();
    } finally {
      agent.kill("SIGTERM");
      await agent.status;
    }
  });
}

function assertSilent(lines: readonly string[], secrets: readonly string[]): void {
  for (const secret of secrets) {
    assertEquals(lines.filter((line) => line.includes(secret)), []);
  }
}
