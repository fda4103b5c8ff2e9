/** A partner with PuTTY: a key that root installed for an account, behind a real sshd. */

import { assertEquals, assertMatch } from "@std/assert";
import { binary, binaryFolder, needsCompile } from "../support/binaries.ts";
import { withTempDir } from "../support/files.ts";
import type { Need } from "../support/programs.ts";
import { run, runOk } from "../support/run.ts";
import { type Sshd, withSshd } from "../support/sshd.ts";

const NEED: Need = Deno.build.os === "linux" && Deno.uid() === 0
  ? needsCompile("sshd", "ssh-keygen", "puttygen", "psftp", "useradd", "userdel", "runuser")
  : { ignore: true, reason: "only root can make an account" };

interface Place {
  readonly user: string;
  /** A home without `.ssh`. */
  readonly home: string;
  readonly jail: string;
  /** PuTTY's two files of the partner's key. */
  readonly secret: string;
  readonly key: string;
}

let accounts = 0;

async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  await withTempDir(async (base) => {
    await Deno.chmod(base, 0o755);
    const user = `swauth${Deno.pid % 100_000}n${accounts++}`;
    const [home, jail] = [`${base}/home`, `${base}/jail`];
    // Without PAM, sshd takes "!" for a locked account.
    await runOk("useradd", ["-d", home, "-m", "-s", "/bin/sh", "-p", "*", user]);
    try {
      await Deno.mkdir(jail);
      await runOk("chown", [`${user}:`, jail]);
      const [secret, key] = [`${base}/partner.ppk`, `${base}/partner.pub`];
      const making = ["-q", "-t", "ed25519", "-C", 'Bob "the" O\'Neil', "-o", secret];
      // PuTTY keeps a file of random numbers in the home directory.
      const env = { HOME: base };
      await runOk("puttygen", [...making, "--new-passphrase", "/dev/null"], { env });
      await runOk("puttygen", [secret, "-p", "-o", key], { env });
      await use({ user, home, jail, secret, key });
    } finally {
      await runOk("userdel", [user]);
    }
  });
}

async function program(): Promise<string> {
  const { path } = await binary("sftpwrap");
  await Deno.chmod(binaryFolder(), 0o755);
  return path;
}

/** Uploads the key's own file with PuTTY's client. */
async function upload({ user, secret, key }: Place, sshd: Sshd): Promise<number> {
  const [, host = ""] = (await runOk("ssh-keygen", ["-l", "-f", `${sshd.hostKeys[0]}.pub`]))
    .split(" ");
  const where = ["-P", String(sshd.port), "-hostkey", host, "-i", secret];
  const batch = `${sshd.directory}/batch`;
  await Deno.writeTextFile(batch, `put ${key} received\n`);
  const words = ["-batch", "-noagent", ...where, "-b", batch, `${user}@${sshd.host}`];
  const { code } = await run("psftp", words, { env: { HOME: sshd.directory } });
  return code;
}

Deno.test({
  name: "a PuTTYgen key that root installs in a home without .ssh lets its owner into the jail",
  ...NEED,
  fn: () =>
    withPlace(async (place) => {
      const { user, home, jail, key } = place;
      const path = await program();
      const list = `${home}/.ssh/authorized_keys`;
      const limits = ["--from", "127.0.0.0/8", "--expiry-time", "20990101"];
      const args = ["authorize", "--jail", jail, "--confine=kernel", ...limits];
      const said = await runOk(path, [...args, "--install", list, key]);
      const [, next = "", then = ""] = said.split("\n");
      assertMatch(next, new RegExp(`^next: ${path} doctor --user=${user} jail .*${jail}$`));
      assertEquals(then, `then: sftp -i PRIVATE-KEY ${user}@HOST`);
      const config = ["AuthorizedKeysFile .ssh/authorized_keys", "StrictModes yes"];
      await withSshd({ config }, async (sshd) => {
        assertEquals(await upload(place, sshd), 0);
        assertEquals(await Deno.readTextFile(`${jail}/received`), await Deno.readTextFile(key));
        assertEquals((await Deno.stat(`${jail}/received`)).uid, (await Deno.stat(home)).uid);
        // Without its line, the key lets no one in.
        await runOk(path, ["authorize", "--remove", key, list]);
        assertEquals(await upload(place, sshd), 1);
        // An address that is not in the list cannot use it either.
        await runOk(path, [...args.with(5, "192.0.2.0/24"), "--install", list, key]);
        assertEquals(await upload(place, sshd), 1);
      });
    }),
});

Deno.test({
  name: "a user who prints a line for another user's directory learns that it holds .ssh",
  ...NEED,
  fn: () =>
    withPlace(async ({ user, home, jail, key }) => {
      const as = ["-u", user, "--", await program(), "authorize", "--jail"];
      const other = `${home}/../other`;
      for (const folder of [jail, other]) await Deno.mkdir(`${folder}/.ssh`, { recursive: true });
      const refused = await run("runuser", [...as, other, key]);
      assertMatch(
        refused.stderr,
        /other is not a safe jail: it holds .ssh, as a home directory does/,
      );
      // The user's own session would begin in a directory of its own: the home is elsewhere.
      assertMatch(await runOk("runuser", [...as, jail, key]), /^restrict,command=/);
    }),
});
