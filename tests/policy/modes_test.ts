import { assertEquals } from "@std/assert";
import { forcedModes } from "../../lib/policy/modes.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { later } from "../support/later.ts";
import { ask, Flag } from "../support/raw.ts";
import { Limited, put, UPLOAD } from "./limited.ts";

function modeOf(storage: MemoryStorage, path: string): string {
  return ((storage.stat(path).permissions ?? 0) & 0o7777).toString(8);
}

for (
  const [name, make] of [["at once", (s: MemoryStorage) => s], ["by promises", later]] as const
) {
  Deno.test(`forcedModes() gives new entries its bits, whatever the client and the umask say, ${name}`, async () => {
    const storage = new MemoryStorage({ umask: 0o077 });
    await put(storage, "/there");
    const client = new Limited(make(storage), forcedModes({ file: 0o664, directory: 0o2775 }));
    assertEquals(
      await client.codes(
        ask.open("/new", UPLOAD, { permissions: 0o600 }),
        ask.open("/only created", Flag.CREAT),
        ask.open("/there", UPLOAD),
        ask.mkdir("/d", { permissions: 0o700 }),
      ),
      ["OK", "OK", "OK", "OK"],
    );
    assertEquals(["/new", "/only created", "/there", "/d"].map((path) => modeOf(storage, path)), [
      "664",
      "664",
      "600",
      "2775",
    ]);
    assertEquals(storage.stat("/there").size, 0);
  });

  Deno.test(`forcedModes() makes chmod do nothing, and performs the rest of the request, ${name}`, async () => {
    const storage = new MemoryStorage();
    await put(storage, "/there");
    storage.symlink("there", "/link");
    const client = new Limited(make(storage), forcedModes({ ignoreChmod: true }));
    const handle = await client.handle(ask.open("/there", Flag.WRITE));
    assertEquals(
      await client.codes(
        ask.setstat("/there", { permissions: 0 }),
        ask.fsetstat(handle, { permissions: 0 }),
        ask.lsetstat("/link", { permissions: 0, atime: 8, mtime: 9 }),
        ask.setstat("/there", { permissions: 0, size: 3, atime: 5, mtime: 6 }),
        ask.setstat("/missing", { permissions: 0 }),
        ask.lsetstat("/missing", { permissions: 0 }),
      ),
      ["OK", "OK", "OK", "OK", "NO_SUCH_FILE", "NO_SUCH_FILE"],
    );
    const { size, mtime } = storage.stat("/there");
    assertEquals([modeOf(storage, "/there"), size, mtime], ["644", 3, 6]);
    assertEquals([storage.lstat("/link").permissions, storage.lstat("/link").mtime], [0o120777, 9]);
  });
}

Deno.test("forcedModes() lets a client change the bits afterwards, unless chmod is ignored", async () => {
  for (const [ignoreChmod, expected] of [[false, "600"], [true, "640"]] as const) {
    const storage = new MemoryStorage();
    const client = new Limited(storage, forcedModes({ file: 0o640, ignoreChmod }));
    const handle = await client.handle(ask.open("/new", UPLOAD));
    assertEquals(await client.code(ask.fsetstat(handle, { permissions: 0o600 })), "OK");
    assertEquals(modeOf(storage, "/new"), expected);
  }
});
