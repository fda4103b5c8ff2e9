import { assert, assertEquals } from "@std/assert";
import { statfsSync } from "node:fs";
import { withTempDir } from "../support/files.ts";
import { booked, fill, measured, type QuotaPlaces, quotaSession } from "../support/quota.ts";
import { run, runOk, until } from "../support/run.ts";
import { sftpwrap } from "../support/wire_session.ts";

const LINUX = Deno.build.os === "linux";
const ROOT = LINUX && Deno.uid() === 0;

const MIB = 1024 * 1024;
const LIMIT = { bytes: 2 * MIB, files: 120 };
const QUOTA = `${LIMIT.bytes},${LIMIT.files}`;
const SESSIONS = [1, 2, 3, 4];
const ROUNDS = 2000;
const KILLS = 60;

/** File systems of their own, whose figures tell at any moment what all files take together. */
const FILE_SYSTEMS: readonly (readonly [name: string, mount: readonly string[]])[] = [
  ["tmpfs", ["-t", "tmpfs", "-o", "size=200M", "none"]],
  ["ext4", ["-o", "loop", "IMAGE"]],
];

async function withMounted(
  mount: readonly string[],
  use: (places: QuotaPlaces) => Promise<void>,
): Promise<void> {
  await withTempDir(async (base) => {
    const image = `${base}/image`;
    const mounted = `${base}/mounted`;
    await Deno.mkdir(mounted);
    await Deno.writeFile(image, new Uint8Array());
    await Deno.truncate(image, 200 * MIB);
    await runOk("mkfs.ext4", ["-q", image]);
    await runOk("mount", [...mount.map((word) => word.replace("IMAGE", image)), mounted]);
    try {
      const jail = `${mounted}/jail`;
      await Deno.mkdir(jail);
      await runOk("sync", ["-f", mounted]);
      await use({ jail, state: `${base}/state` });
    } finally {
      await runOk("umount", [mounted]);
    }
  });
}

/** Bytes that the whole file system has in use. */
function inUse(path: string): number {
  const { blocks, bfree, bsize } = statfsSync(path);
  return (blocks - bfree) * bsize;
}

for (const [name, mount] of FILE_SYSTEMS) {
  Deno.test({
    name: `four sessions never pass a quota at any moment, on ${name}`,
    ignore: !ROOT,
    fn: () =>
      withMounted(mount, async (places) => {
        // The jail's own blocks are part of the quota.
        const before = inUse(places.jail) - (await measured(places.jail)).bytes;
        const sessions = await Promise.all(SESSIONS.map(() => quotaSession(places, QUOTA)));
        let isDone = false;
        let most = 0;
        const watching = (async () => {
          while (!isDone) {
            most = Math.max(most, inUse(places.jail) - before);
            await new Promise((resolve) => setTimeout(resolve, 0));
          }
        })();
        const refused = await Promise.all(
          sessions.map(({ client }, index) => fill(client, index + 1, ROUNDS)),
        );
        isDone = true;
        await watching;
        await Promise.all(sessions.map((session) => session.stop()));
        const { used } = await booked(places.state);
        assertEquals(used, await measured(places.jail));
        assert(most <= LIMIT.bytes, `${most} bytes were in use`);
        assert(most > LIMIT.bytes * 0.9, `only ${most} bytes were in use`);
        assert(refused.every((count) => count > 10), `refused: ${refused}`);
        await runOk("sync", ["-f", places.jail]);
        const later = await measured(places.jail);
        assert(later.bytes <= LIMIT.bytes, `${later.bytes} bytes are on the disk`);
      }),
  });
}

Deno.test({
  name: `${KILLS} sessions that are killed while others go on: never passed, and exact in the end`,
  ignore: !LINUX,
  fn: () =>
    withTempDir(async (base) => {
      const places = { jail: `${base}/jail`, state: `${base}/state` };
      await Deno.mkdir(places.jail);
      const living = await quotaSession(places, QUOTA);
      let isDone = false;
      const work = (async () => {
        for (let seed = 1; !isDone; seed++) await fill(living.client, seed, 50);
      })();
      for (let kill = 0; kill < KILLS; kill++) {
        const victim = await quotaSession(places, QUOTA);
        const filling = fill(victim.client, 1000 + kill, 1000).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 20 + 7 * (kill % 30)));
        victim.process.kill("SIGKILL");
        await victim.process.status;
        await filling;
        const { bytes } = await measured(places.jail);
        assert(bytes <= LIMIT.bytes, `${bytes} bytes after ${kill + 1} kills`);
      }
      isDone = true;
      await work;
      await living.stop();
      const { used } = await booked(places.state);
      const there = await measured(places.jail);
      assert(
        used.bytes >= there.bytes && used.files >= there.files,
        JSON.stringify({ used, there }),
      );
      const next = await quotaSession(places, QUOTA);
      await until(async () => !(await booked(places.state)).unsure, { what: "a count" });
      await next.stop();
      assertEquals((await booked(places.state)).used, await measured(places.jail));
      const [command, ...args] = sftpwrap(["quota", `--state-dir=${places.state}`, places.jail]);
      assertEquals((await run(command!, args)).code, 0);
    }),
});
