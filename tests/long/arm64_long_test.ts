/** The program for arm64, in an emulator: what a client sees, the jail, and the kernel root. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { SftpClient } from "../../lib/client/client.ts";
import { families } from "../jail/families.ts";
import { ARM64, needsArm64, withEmulator } from "../support/arm64.ts";
import { compile } from "../support/binaries.ts";
import { noise, withTempDir } from "../support/files.ts";
import { escapes } from "../support/jail_attempts.ts";
import { Prober, withSite } from "../support/jail_fixture.ts";
import { runOk } from "../support/run.ts";
import { startServer } from "../support/server.ts";
import { PROJECT } from "../guide/pages.ts";

Deno.test({
  name: "the program for arm64 serves a client, lets none out, and keeps a storage's promises",
  ...needsArm64(),
  fn: (context) =>
    withTempDir((folder) =>
      withEmulator(async (emulator) => {
        const [qemu = "", , libraries = ""] = emulator;
        const program = `${folder}/sftpwrap`;
        const path = `${qemu.slice(0, qemu.lastIndexOf("/"))}:${Deno.env.get("PATH")}`;
        const env = { PATH: path, QEMU_LD_PREFIX: libraries };
        const { code, stdout } = await compile(["--target", ARM64, "--output", program], { env });
        assertEquals(code, 0, stdout);
        assertMatch(stdout, /^version: sftpwrap .*, aarch64-unknown-linux-gnu\)$/m);
        const start = (...args: readonly string[]) => [...emulator, program, "jail", ...args];

        await context.step("openat2 resolves paths there", async () => {
          const told = await runOk("env", start("--check", folder)).catch(String);
          assertMatch(told, /^ok {3}ring resolution: /m);
        });
        await context.step("a client writes, reads, lists, renames and removes", async () => {
          await withTempDir((jail) => smoke(start(jail), jail));
        });
        for (const family of families) {
          await context.step(`no request leaves the jail ${family.name}`, () =>
            withSite(async (site) => {
              await using prober = await Prober.start(start(site.jail), site);
              const plant = () => family.plant(site, prober);
              assertEquals(await escapes(prober, site, { paths: family.paths(site), plant }), []);
            }));
        }
        await context.step("the kernel root keeps the promises of a storage", async () => {
          await conformanceOn(emulator, `${folder}/conformance`);
        });
      })
    ),
});

async function smoke([program = "", ...args]: readonly string[], jail: string): Promise<void> {
  const server = await startServer(program, args);
  const client: SftpClient = server.client;
  const bytes = noise(3_000_000);
  await client.mkdir("/d");
  await client.writeFile("/d/a", bytes);
  assertEquals(await Deno.readFile(`${jail}/d/a`), bytes);
  assertEquals(await client.readFile("/d/a"), bytes);
  assertEquals((await client.stat("/d/a")).size, bytes.length);
  await client.rename("/d/a", "/d/b");
  const names: string[] = [];
  for await (const { name } of client.readDir("/d")) names.push(String(name));
  assertEquals(names, ["b"]);
  await client.remove("/d/b");
  await client.rmdir("/d");
  assertEquals(await Array.fromAsync(Deno.readDir(jail)), []);
  await server.stop();
}

async function conformanceOn(emulator: readonly string[], program: string): Promise<void> {
  const words = ["compile", "--quiet", "--no-check", "--no-code-cache", "-A", "--target", ARM64];
  const child = `${PROJECT}tests/long/arm64_conformance_child.ts`;
  await runOk(Deno.env.get("DENO_COMPILE")!, [...words, "--output", program, child], {
    cwd: PROJECT,
    env: { DENORT_BIN: Deno.env.get("DENORT_ARM64_BIN")! },
  });
  const [first, ...lines] = (await runOk("env", [...emulator, program])).trimEnd().split("\n");
  assertEquals(first, "on aarch64");
  assertEquals(lines.filter((line) => line.startsWith("failed: ")), []);
  assert(lines.filter((line) => line.startsWith("ok: ")).length > 50, lines.join("\n"));
}
