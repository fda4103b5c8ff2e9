/** The program for arm64, in an emulator: what a client sees, the jail, and the kernel root. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { SftpClient } from "../../lib/client/client.ts";
import { families } from "../jail/families.ts";
import { ARM64, needsArm64, withArm64 } from "../support/arm64.ts";
import { compile } from "../support/binaries.ts";
import { noise, withTempDir } from "../support/files.ts";
import { SLOW_MS } from "../support/debian.ts";
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
      withArm64(async ({ root, emulator }) => {
        const program = await compiled(folder, root);
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

/** The program for arm64, which was tried in the emulator. */
async function compiled(folder: string, root: string): Promise<string> {
  const program = `${folder}/sftpwrap`;
  const env = { PATH: `${root}/usr/bin:${Deno.env.get("PATH")}`, QEMU_LD_PREFIX: root };
  const { code, stdout } = await compile(["--target", ARM64, "--output", program], { env });
  assertEquals(code, 0, stdout);
  assertMatch(stdout, /^version: sftpwrap .*, aarch64-unknown-linux-gnu\)$/m);
  return program;
}

/** What the virtual machine does: all rings or none, then the first packet of a session. */
const INIT = `#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t tmpfs jail /jail
busybox chmod 755 /jail
export HOME=/ USER=root
/sftpwrap jail --check --confine=kernel /jail
printf '\\0\\0\\0\\005\\001\\0\\0\\0\\003' | /sftpwrap jail -e --confine=kernel /jail | busybox wc -c
busybox poweroff -f
`;

Deno.test({
  name: "the program for arm64 has all rings on a kernel for arm64",
  ...needsArm64("qemu-system-aarch64", "cpio", "gzip"),
  fn: () =>
    withTempDir((folder) =>
      withArm64(async ({ root }) => {
        const files = `${folder}/files`;
        for (const name of ["bin", "proc", "jail", "dev", "etc"]) {
          await Deno.mkdir(`${files}/${name}`, { recursive: true });
        }
        await Deno.rename(await compiled(folder, root), `${files}/sftpwrap`);
        await Deno.writeTextFile(`${files}/etc/passwd`, "root:x:0:0::/:/bin/sh\n");
        await Deno.writeTextFile(`${files}/init`, INIT, { mode: 0o755 });
        await Deno.copyFile(`${root}/usr/bin/busybox`, `${files}/bin/busybox`);
        await runOk("cp", ["-a", `${root}/usr/lib/aarch64-linux-gnu`, `${files}/lib`]);
        const names = (await runOk("find", ["."], { cwd: files })).trimEnd().split("\n");
        const archive = ["--create", "--format=newc", "--quiet", `--file=${folder}/initrd`];
        await runOk("cpio", archive, { cwd: files, input: `${names.join("\n")}\n` });
        const kernels = await Array.fromAsync(Deno.readDir(`${root}/boot`), ({ name }) => name);
        const kernel = kernels.find((name) => name.startsWith("vmlinuz"))!;
        const said = await runOk("qemu-system-aarch64", [
          ...["-M", "virt", "-cpu", "max,pauth-impdef=on", "-m", "4096", "-nographic"],
          ...["-no-reboot", "-nic", "none", "-kernel", `${root}/boot/${kernel}`],
          ...["-initrd", `${folder}/initrd`, "-append", "console=ttyAMA0 panic=-1 quiet"],
        ], { limitMs: SLOW_MS });
        for (const ring of ["permissions", "resolution", "landlock"]) {
          assertMatch(said, new RegExp(`^ok   ring ${ring}: `, "m"));
          assertMatch(said, new RegExp(`ring ${ring} holds: `));
        }
      }, { kernel: true })
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
