import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { needsFaultyFs, withFaultyFs } from "../../support/faulty_fs.ts";
import { noise, withTempDir } from "../../support/files.ts";
import {
  booked,
  bookFile,
  fill,
  measured,
  type QuotaPlaces,
  quotaSession,
  refusedSession,
} from "../../support/quota.ts";
import { runOk, until } from "../../support/run.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

const MIB = 1024 * 1024;
const LIMIT = { bytes: MIB, files: 60 };
const QUOTA = `${LIMIT.bytes},${LIMIT.files}`;

function withPlaces(use: (places: QuotaPlaces) => Promise<void>): Promise<void> {
  return withTempDir(async (base) => {
    const places = { jail: `${base}/jail`, state: `${base}/state` };
    await Deno.mkdir(places.jail);
    await use(places);
  });
}

function test(name: string, use: (places: QuotaPlaces) => Promise<void>): void {
  Deno.test({ name, ...LINUX, fn: () => withPlaces(use) });
}

test("four sessions at once never pass a quota, and its books are what du(1) says", async (places) => {
  const sessions = await Promise.all([1, 2, 3, 4].map(() => quotaSession(places, QUOTA)));
  // Which requests come first is up to the system; sooner or later one of them has no room.
  let refused = 0;
  for (let seed = 1; refused === 0; seed += 4) {
    const counts = await Promise.all(
      sessions.map(({ client }, index) => fill(client, seed + index, 150)),
    );
    refused = counts.reduce((sum, count) => sum + count);
  }
  await Promise.all(sessions.map((session) => session.stop()));
  const { used, reserved, open } = await booked(places.state);
  const there = await measured(places.jail);
  assertEquals({ used, reserved, open }, { used: there, reserved: [], open: [] });
  assert(there.bytes <= LIMIT.bytes && there.files <= LIMIT.files, JSON.stringify(there));
});

test("an upload beyond the quota fails with the reason, and what was acknowledged stays", async (places) => {
  await using session = await quotaSession(places, "1M");
  const { client } = session;
  const file = await client.open("/file", { write: true, create: true });
  let written = 0;
  const failure = await assertRejects(async () => {
    for (;;) {
      await file.write(noise(32 * 1024), written);
      written += 32 * 1024;
    }
  });
  assertStringIncludes(String(failure), "Failure: quota exceeded");
  await file.write(noise(100), 50);
  await file.close();
  // All but the blocks of the root, and what is kept for names.
  assert(written >= MIB - 64 * 1024 && written < MIB, String(written));
  assertEquals((await client.stat("/file")).size, written);
  await client.rename("/file", "/renamed");
  const { frsize, blocks, bavail } = await client.statVfs("/");
  const { bytes } = await measured(places.jail);
  assertEquals([blocks * frsize, (blocks - bavail) * frsize], [BigInt(MIB), BigInt(bytes)]);
  await client.remove("/renamed");
  await client.writeFile("/again", noise(written));
});

test("a file that is removed while it is open takes space until it is closed", async (places) => {
  await using session = await quotaSession(places, "1M");
  const { client } = session;
  await client.writeFile("/file", noise(600_000));
  const file = await client.open("/file", { read: true });
  await client.remove("/file");
  await assertRejects(() => client.writeFile("/other", noise(600_000)), Error, "quota exceeded");
  await file.close();
  await client.writeFile("/other", noise(600_000));
});

test("what a killed session had reserved is put right in a quiet moment of the next", async (places) => {
  const killed = await quotaSession(places, "100M,1000");
  const file = await killed.client.open("/file", { write: true, create: true });
  await file.write(noise(200_000), 0);
  killed.process.kill("SIGKILL");
  await killed.process.status;
  await killed.client.close().catch(() => {});
  const before = await booked(places.state);
  await using session = await quotaSession(places, "100M,1000");
  await session.client.stat("/");
  await until(async () => !(await booked(places.state)).unsure, { what: "a count" });
  const { used } = await booked(places.state);
  assertEquals(used, await measured(places.jail));
  assertEquals(before.reserved.length, 1);
  const { stderr } = await session.stop();
  assertStringIncludes(stderr, "quota: 1 session has died");
});

test("a folder that grows by the names in it is counted", async (places) => {
  const session = await quotaSession(places, "10M");
  const { client } = session;
  await client.mkdir("/folder");
  for (let index = 0; index < 60; index++) {
    const name = `/folder/${index}`.padEnd(240, "x");
    if (index % 2 === 0) await client.symlink("target", name);
    else await client.hardLink(`/folder/${index - 1}`.padEnd(240, "x"), name);
  }
  for (let index = 0; index < 60; index += 4) {
    await client.posixRename(`/folder/${index}`.padEnd(240, "x"), `/${index}`.padEnd(250, "y"));
  }
  await session.stop();
  assertEquals((await booked(places.state)).used, await measured(places.jail));
});

test("a jail that is full already can be read and emptied", async (places) => {
  await Deno.writeFile(`${places.jail}/old`, noise(2 * MIB));
  await using session = await quotaSession(places, "1M");
  const { client } = session;
  assertEquals((await client.readFile("/old")).length, 2 * MIB);
  await assertRejects(() => client.writeFile("/new", noise(1)), Error, "quota exceeded");
  await client.remove("/old");
  await client.writeFile("/new", noise(1));
});

test("damaged books are made anew from what is there, and the log says so", async (places) => {
  await (await quotaSession(places, "1M")).stop();
  await Deno.writeTextFile(await bookFile(places.state), "damaged");
  await Deno.writeFile(`${places.jail}/outside`, noise(100_000));
  const session = await quotaSession(places, "1M");
  const { used } = await booked(places.state);
  assertEquals(used, await measured(places.jail));
  assertStringIncludes((await session.stop()).stderr, "the books of the quota were damaged");
});

for (
  const [what, refusal, spoil] of [
    ["a link", "cannot be used", async (path: string) => {
      await Deno.rename(path, `${path}.real`);
      await Deno.symlink(`${path}.real`, path);
    }],
    ["writable by others", "others may write in it", (path: string) => Deno.chmod(path, 0o622)],
    ["a FIFO", "not a regular file", async (path: string) => {
      await Deno.remove(path);
      await runOk("mkfifo", [path]);
    }],
    ["of another version", "another version of sftpwrap", async (path: string) => {
      const text = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, text.replaceAll("sftpwrap-quota 1 ", "sftpwrap-quota 9 "));
    }],
  ] as const
) {
  test(`books that are ${what} are refused, and no session begins`, async (places) => {
    await (await quotaSession(places, "1M")).stop();
    await spoil(await bookFile(places.state));
    assertStringIncludes(await refusedSession(places, "1M"), refusal);
  });
}

test("books that cannot be written are refused, and no session begins", async (places) => {
  await (await quotaSession(places, "1M")).stop();
  const path = await bookFile(places.state);
  const isRoot = Deno.uid() === 0;
  // Root may write what nobody may, unless it cannot be changed at all.
  if (isRoot) await runOk("chattr", ["+i", path]);
  else await Deno.chmod(path, 0o400);
  try {
    assertStringIncludes(await refusedSession(places, "1M"), "cannot be used: ");
  } finally {
    if (isRoot) await runOk("chattr", ["-i", path]);
  }
});

Deno.test({
  name: "books of another user are refused",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  fn: () =>
    withPlaces(async (places) => {
      await (await quotaSession(places, "1M")).stop();
      await Deno.chown(await bookFile(places.state), 1, 1);
      assertStringIncludes(await refusedSession(places, "1M"), "it belongs to user 1");
    }),
});

test("books in the jail are refused", async ({ jail }) => {
  const said = await refusedSession({ jail, state: `${jail}/state` }, "1M");
  assertStringIncludes(said, "it is in the jail");
});

Deno.test({
  name: "on a file system whose blocks tell nothing, and in a portable jail, sizes count",
  ...needsFaultyFs,
  fn: () =>
    withFaultyFs((mounted) =>
      withPlaces(async ({ jail, state }) => {
        for (const [index, place] of [mounted, jail].entries()) {
          const options = index === 0 ? [] : ["--confine=portable"];
          const places = { jail: place, state: `${state}${index}` };
          await using session = await quotaSession(places, "100000", options);
          const { client } = session;
          const { bytes, files } = (await booked(places.state)).used;
          await client.writeFile("/file", noise(100_000 - bytes));
          await assertRejects(() => client.writeFile("/more", noise(1)), Error, "quota exceeded");
          const { used, unit } = await booked(places.state);
          assertEquals({ used, unit }, {
            used: { bytes: 100_000, files: files + 2 },
            unit: "sizes",
          });
        }
      })
    ),
});
