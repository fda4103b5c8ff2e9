import { assertEquals, assertThrows } from "@std/assert";
import { openLibcIfAllowed } from "../../lib/linux/libc.ts";
import { quota } from "../../lib/quota/quota.ts";
import { openJail } from "../../lib/storage/local/open_jail.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { conformance } from "../../lib/testing/mod.ts";
import { later } from "../support/later.ts";
import { Limited, UPLOAD } from "../policy/limited.ts";
import { ask, Flag } from "../support/raw.ts";

// Opened before all tests, and never released.
openLibcIfAllowed();

const PLENTY = { bytes: 2 ** 40, files: 2 ** 20 };
const EXCEEDED = "Failure: quota exceeded";

Deno.test("quota() refuses what it cannot keep, and why", () => {
  const { usage: _, ...silent } = later(new MemoryStorage());
  assertThrows(() => quota(silent, { bytes: 1 }), TypeError, "tells what its nodes take (usage)");
  for (const limit of [{ bytes: -1 }, { bytes: 1.5 }, { bytes: 1, files: NaN }]) {
    assertThrows(() => quota(new MemoryStorage(), limit), RangeError, "not a whole number");
  }
});

Deno.test("quota() behaves to a session like its inner storage", async (t) => {
  await conformance(t, async () => ({
    storage: await quota(new MemoryStorage(), PLENTY),
    tellsReasons: true,
  }));
});

Deno.test("quota() behaves to a session like its inner storage, with promises", async (t) => {
  await conformance(t, async () => ({
    storage: await quota(later(new MemoryStorage()), PLENTY),
    tellsReasons: true,
  }));
});

Deno.test({
  name: "quota() behaves to a session like the jail in it",
  ignore: Deno.build.os !== "linux",
  fn: (t) =>
    conformance(t, async () => {
      const directory = await Deno.realPath(await Deno.makeTempDir());
      return {
        storage: await quota(await openJail(directory, { confine: "kernel" }), PLENTY),
        tellsReasons: true,
        dispose: () => Deno.remove(directory, { recursive: true }),
      };
    }),
});

for (
  const [name, make] of [["at once", (s: MemoryStorage) => s], ["by promises", later]] as const
) {
  Deno.test(`quota() lets a storage hold as much as that and no more, ${name}`, async () => {
    const memory = new MemoryStorage();
    const client = new Limited(await quota(make(memory), { bytes: 20, files: 6 }));
    await client.upload("/source", "0123456789");
    const source = await client.handle(ask.open("/source", Flag.READ));
    const file = await client.handle(ask.open("/file", UPLOAD));
    const end = await client.handle(ask.open("/file", Flag.WRITE | Flag.APPEND));
    for (
      const [request, message] of [
        [ask.write(file, 0, "01234567890"), EXCEEDED],
        [ask.write(file, 0, "01234567"), "Success"],
        [ask.write(file, 4, "0123456"), EXCEEDED],
        [ask.write(file, 4, "012345"), "Success"],
        [ask.write(end, 0, "0"), EXCEEDED],
        [ask.write(file, 99, "0"), EXCEEDED],
        [ask.fsetstat(file, { size: 11 }), EXCEEDED],
        [ask.setstat("/file", { size: 11 }), EXCEEDED],
        [ask.copyData(source, 0, 0, file, 1), EXCEEDED],
        [ask.copyData(source, 0, 0, file, 0), "Success"],
        [ask.symlink("x", "/link"), EXCEEDED],
        [ask.fsetstat(file, { size: 9 }), "Success"],
        [ask.write(end, 0, "0"), "Success"],
        [ask.setstat("/file", { size: 5 }), "Success"],
        [ask.symlink("12345", "/link"), EXCEEDED],
        [ask.symlink("1", "/link"), "Success"],
        [ask.mkdir("/directory"), "Success"],
        [ask.hardlink("/source", "/another"), "Success"],
        [ask.open("/more", UPLOAD), ""],
        [ask.open("/evenMore", UPLOAD), EXCEEDED],
        [ask.mkdir("/evenMore"), EXCEEDED],
        [ask.symlink("", "/evenMore"), "No such file"],
        [ask.remove("/another"), "Success"],
        [ask.mkdir("/evenMore"), EXCEEDED],
        [ask.rmdir("/directory"), "Success"],
        [ask.mkdir("/evenMore"), "Success"],
      ] as const
    ) {
      assertEquals(await client.message(request), message, JSON.stringify(request));
    }
  });
}
