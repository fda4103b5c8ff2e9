/**
 * The manual's container without root, typed by a test.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { PROJECT } from "../guide/pages.ts";
import { binary, binaryFolder } from "../support/binaries.ts";
import { withEngine } from "../support/container.ts";
import { run, runOk, until } from "../support/run.ts";
import { freePort } from "../support/sshd.ts";
import { makeKey } from "../support/sshd_trust.ts";
import { PAGE, recipe } from "./page.ts";

/** Types the manual's commands in a folder that looks like the project's. */
export async function twoPartners(folder: string, system: string): Promise<void> {
  const [commands = ""] = await recipe(/^A container without root$/);
  const work = `${folder}/work`;
  await Deno.mkdir(`${work}/dist`, { recursive: true });
  await Deno.mkdir(`${folder}/state`);
  await Deno.symlink(`${PROJECT}scripts`, `${work}/scripts`);
  for (const partner of ["alice", "bob"]) await makeKey(`${work}/${partner}`, "ed25519");
  const port = freePort("127.0.0.1");
  await withEngine({ state: `${folder}/state`, port, system }, async (container) => {
    await binary("sftpwrap");
    await Deno.copyFile(`${binaryFolder()}/sftpwrap`, `${work}/dist/sftpwrap`);
    await Deno.writeTextFile(`${container.path}/deno`, "#!/bin/sh\n", { mode: 0o755 });
    const env = { PATH: `${container.path}:${Deno.env.get("PATH")}` };
    await runOk("sh", ["-e", "-c", commands], { cwd: work, env });

    assertEquals(await container.status("Uid"), "22222\t22222\t22222\t22222");
    assertEquals(await container.status("NoNewPrivs"), "1");
    assertEquals(await container.status("CapBnd"), "0000000000000000");
    const podman = `${container.path}/podman`;
    const { code, stderr } = await run(podman, ["exec", "sftp", "touch", "/usr/bin/new"]);
    assert(code !== 0 && stderr.includes("Read-only file system"), stderr);

    await until(async () => (await container.log()).includes("Server listening"), { what: "sshd" });
    const page = await Deno.readTextFile(PAGE);
    const [, doctor = ""] = /`(podman exec sftp sftpwrap doctor [^`]*)`/.exec(page) ?? [];
    const findings = await runOk("sh", ["-e", "-c", doctor], { env });
    assertEquals(findings.split("\n").filter((line) => /^(BAD|warn)/.test(line)), []);
    for (const partner of ["alice", "bob"]) {
      const trust = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
      const login = ["-F", "none", "-i", partner, "-o", "IdentitiesOnly=yes", "-P", `${port}`];
      const input = `pwd\nput ${partner}.pub key\n-ls /srv\nls -1 /\n`;
      const args = ["-b", "-", ...trust, ...login, "sftp@127.0.0.1"];
      const shown = await runOk("sftp", args, { cwd: work, input });
      assertMatch(shown, /^Remote working directory: \/$/m);
      assertMatch(shown, /\n\/key\n$/);
      const key = await Deno.readTextFile(`${work}/${partner}.pub`);
      const files = container.volume("sftp-files");
      assertEquals(await Deno.readTextFile(`${files}/${partner}/key`), key);
      await until(async () => (await container.log()).includes("session closed for local user"), {
        what: "the log",
      });
      assertMatch(await container.log(), / sftpwrap\(test\)\[\d+\]: close "\/key" bytes read 0 /);
    }
    for (const partner of ["alice", "bob"]) {
      assertMatch(await container.log(), new RegExp(`serving jail "/srv/sftp/${partner}"$`, "m"));
    }
  });
}
