/** What README.md shows for a user without root, typed as it stands. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { binary, binaryFolder, needsCompile } from "../support/binaries.ts";
import { withTempDir } from "../support/files.ts";
import { run, runOk } from "../support/run.ts";
import { withSshd } from "../support/sshd.ts";
import { indentedAfter, PROJECT } from "./pages.ts";

Deno.test({
  name: "the README's set-up without root lets a partner's key into the directory",
  ...needsCompile("sshd", "ssh-keygen", "sftp", "sh"),
  fn: () =>
    withTempDir(async (home) => {
      await binary("sftpwrap");
      const comment = ["-C", "ann@example.org"];
      await runOk("ssh-keygen", [
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        ...comment,
        "-f",
        `${home}/partner`,
      ]);
      const readme = await Deno.readTextFile(`${PROJECT}README.md`);
      const script = indentedAfter(readme, "**Without root");
      assertStringIncludes(script, "sftpwrap authorize ");
      const env = { HOME: home, PATH: `${binaryFolder()}:${Deno.env.get("PATH")}` };
      const told = await runOk("sh", ["-e", "-c", script], { cwd: home, env });
      assertMatch(told, /^ok {3}ring resolution: /m);

      const line = await Deno.readTextFile(`${home}/.ssh/authorized_keys`);
      const [, command = ""] = /^restrict,command="([^"]*)" ssh-ed25519 /.exec(line) ?? [];
      const program = `${binaryFolder()}/sftpwrap jail --log-user=ann@example.org`;
      assertEquals(command, `${program} --confine=kernel ${home}/share`);
      await withSshd({ command }, async ({ sshConfig, alias }) => {
        const input = "put partner.pub key\nget /key back\nls -1\n";
        await runOk("sftp", ["-b", "-", "-F", sshConfig, alias], { cwd: home, input });
      });
      const key = await Deno.readTextFile(`${home}/partner.pub`);
      assertEquals(await Deno.readTextFile(`${home}/share/key`), key);
      assertEquals(await Deno.readTextFile(`${home}/back`), key);
    }),
});

Deno.test("the README's deno install gives a program that Deno runs, wherever it is called", () =>
  withTempDir(async (home) => {
    const readme = await Deno.readTextFile(`${PROJECT}README.md`);
    const [, words = ""] = /^ {4}deno (install .*)$/m.exec(readme) ?? [];
    const { denoDir } = JSON.parse(await runOk(Deno.execPath(), ["info", "--json"]));
    const env = { HOME: home, DENO_DIR: denoDir, DENO_INSTALL_ROOT: `${home}/root` };
    await runOk(Deno.execPath(), words.split(" "), { cwd: PROJECT, env });
    // The script calls "deno", which must be this one.
    const bin = `${home}/bin`;
    await Deno.mkdir(bin);
    await Deno.symlink(Deno.execPath(), `${bin}/deno`);
    const PATH = `${bin}:${Deno.env.get("PATH")}`;
    const jail = `${home}/jail`;
    await Deno.mkdir(jail);
    const program = `${home}/root/bin/sftpwrap`;
    const told = await run(program, ["jail", "--check", jail], { cwd: "/", env: { ...env, PATH } });
    assertMatch(told.stdout, /^ok {3}ring resolution: /m, told.stderr);
  }));

Deno.test("the package's name starts the program", () =>
  withTempDir(async (directory) => {
    const folder = await Deno.realPath(directory);
    const links = ["../".repeat(folder.split("/").length - 1) + PROJECT.slice(1, -1)];
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ links }));
    const words = [
      "run",
      "--quiet",
      "-A",
      "jsr:@sftpwrap/sftpwrap/main",
      "jail",
      "--check",
      "/srv",
    ];
    const told = await run(Deno.execPath(), words, { cwd: folder });
    assertMatch(told.stdout, /^ok {3}ring resolution: /m, told.stderr);
  }));
