/** A bare Debian, from nothing to a jailed login, by the commands that README.md shows. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { indentedUnder, PROJECT } from "../guide/pages.ts";
import { needsCompile } from "../support/binaries.ts";
import { type Debian, sftpBatch, withDebian } from "../support/debian.ts";
import { withTempDir } from "../support/files.ts";
import { QUICK } from "../support/release.ts";
import { runOk } from "../support/run.ts";

const readme = await Deno.readTextFile(`${PROJECT}README.md`);

const NEED = needsCompile(
  ...["debootstrap", "unshare", "runuser", "sftp", "ssh-keygen", "git", "tar"],
);

/** An account with a home, for what README.md does without root. */
const PLAIN_USER = "bob";

Deno.test({
  name:
    "a bare Debian, the .deb and the README's set-ups let keys into their jails and nowhere else",
  ...NEED,
  fn: () =>
    withDebian(async (debian) => {
      // A base for arm64 may be out of reach, and a tree without git does not know its time.
      const commands = buildBlock("deno task release").replace(/release$/m, "release --only amd64");
      const told = await inClone(debian, commands, { SOURCE_DATE_EPOCH: "1", ...QUICK });
      assertMatch(told, /^sftpwrap_\S+_amd64\.deb: OK$/m);
      // Whole, with all that it depends on, and gone when it is removed.
      assertEquals(await debian.sh("dpkg --audit; dpkg --verify sftpwrap"), "");
      await setUp(debian, "/usr/bin/sftpwrap");
      await debian.sh("dpkg --purge sftpwrap; test ! -e /usr/bin/sftpwrap");
    }),
});

Deno.test({
  name:
    "a bare Debian, the README's build and its set-ups let keys into their jails and nowhere else",
  ...NEED,
  fn: () =>
    withDebian(async (debian) => {
      await inClone(debian, buildBlock("deno task compile"));
      await setUp(debian, "/usr/local/bin/sftpwrap");
    }),
});

/** What a clone and `npm install -g deno` would bring: the tree, Deno, and what it has downloaded. */
async function lendDeno({ root }: Debian): Promise<Record<string, string>> {
  await Deno.mkdir(`${root}/root/clone`);
  const tree = `${root}/root/clone.tar`;
  await runOk("git", ["-C", PROJECT, "archive", "--output", tree, "HEAD"]);
  await runOk("tar", ["-C", `${root}/root/clone`, "-xf", tree]);
  await Deno.copyFile(Deno.execPath(), `${root}/usr/local/bin/deno`);
  const { denoDir } = JSON.parse(await runOk(Deno.execPath(), ["info", "--json"]));
  await Deno.mkdir(`${root}/root/deno`);
  await runOk("cp", ["-r", `${denoDir}/npm`, `${root}/root/deno/npm`]);
  const env: Record<string, string> = { DENO_DIR: "/root/deno" };
  for (const name of ["DENO_COMPILE", "DENORT_BIN"]) {
    const path = Deno.env.get(name);
    if (path === undefined) continue;
    await Deno.copyFile(path, `${root}/root/${name}`);
    env[name] = `/root/${name}`;
  }
  return env;
}

/** The one block of README.md that builds in this way. */
function buildBlock(command: string): string {
  const blocks = indentedUnder(readme, /get it|install|build/i)
    .filter((block) => block.includes(command));
  assertEquals(blocks.length, 1, `README.md says once how to build it by ${command}`);
  return blocks[0] ?? "";
}

async function inClone(
  debian: Debian,
  commands: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return await debian.sh(commands, {
    cwd: "/root/clone",
    env: { ...await lendDeno(debian), ...env },
  });
}

/** Runs the set-ups of README.md as they stand, and logs in by the keys that they name. */
async function setUp(debian: Debian, installed: string): Promise<void> {
  const { root } = debian;
  const blocks = indentedUnder(readme, /set (it|up)/i)
    .map((block) => block.replaceAll(/\/usr\/(?:local\/)?bin\/sftpwrap\b/g, installed));
  const config = blocks.filter((block) => /^Match /m.test(block));
  const asRoot = blocks.filter((block) => /^(?:useradd|groupadd|usermod) /m.test(block));
  const asUser = blocks.filter((block) => /~\//.test(block) && !asRoot.includes(block));
  assertEquals([config.length, asRoot.length, asUser.length], [1, 2, 1], blocks.join("\n"));

  await debian.sh(`useradd -m -s /bin/sh ${PLAIN_USER}; mkdir -p /run/sshd`);
  await withTempDir(async (keys) => {
    const homes = { alice: "/root", partner: `/home/${PLAIN_USER}` };
    for (const [name, home] of Object.entries(homes)) {
      await runOk("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${keys}/${name}`]);
      await Deno.copyFile(`${keys}/${name}.pub`, `${root}${home}/${name}.pub`);
    }
    const told = [
      await debian.sh(asUser.join("\n"), { user: PLAIN_USER }),
      await debian.sh(asRoot.join("\n")),
    ];
    for (const text of told) assertMatch(text, /^ok {3}ring resolution/m);
    assertMatch(told.join(), /^ok {3}key: command: \S+\/sftpwrap$/m);
    const sshdConfig = `${root}/etc/ssh/sshd_config`;
    const before = await Deno.readTextFile(sshdConfig);
    const jails = { alice: "/srv/sftp/alice", partner: `/home/${PLAIN_USER}/share` };
    // By the lines of authorized_keys alone, then by the group's ForceCommand too.
    for (const end of ["", config.join("\n")]) {
      await Deno.writeTextFile(sshdConfig, `${before}\n${end}`);
      await debian.sh("sshd -t");
      await debian.withSshd(async (port) => {
        for (const [key, jail] of Object.entries(jails)) {
          const user = key === "partner" ? PLAIN_USER : key;
          const login = { port, user, key: `${keys}/${key}`, cwd: keys };
          await assertJailed(login, `${root}${jail}`, end === "" ? "first" : "second");
        }
      });
    }
  });
}

/** A login that sees its directory as `/`, and nothing of the system. */
async function assertJailed(
  login: Omit<Parameters<typeof sftpBatch>[0], "batch">,
  jail: string,
  name: string,
): Promise<void> {
  const batch = `pwd\nput ${login.key}.pub ${name}\nget ${name} back\nls -1 /\n`;
  const { code, stdout, stderr } = await sftpBatch({ ...login, batch });
  assertEquals(code, 0, `${stdout}${stderr}`);
  assertStringIncludes(stdout, "Remote working directory: /\n");
  const sent = await Deno.readTextFile(`${login.key}.pub`);
  assertEquals(await Deno.readTextFile(`${jail}/${name}`), sent);
  assertEquals(await Deno.readTextFile(`${login.cwd}/back`), sent);
  for (const path of ["/etc/passwd", "../../etc/passwd"]) {
    const escape = await sftpBatch({ ...login, batch: `get ${path} stolen\n` });
    assert(escape.code !== 0, path);
    assertStringIncludes(escape.stderr, "not found");
  }
}
