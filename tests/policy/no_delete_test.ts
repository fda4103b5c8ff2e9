import { assertEquals } from "@std/assert";
import { noDelete } from "../../lib/policy/no_delete.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { later } from "../support/later.ts";
import { ask, Flag } from "../support/raw.ts";
import { contentOf } from "./every_request.ts";
import { Limited, put, UPLOAD } from "./limited.ts";

/** How gvfs and KDE create their temporary files. */
const EXCLUSIVELY = Flag.WRITE | Flag.CREAT | Flag.EXCL;

for (
  const [name, make] of [["at once", (s: MemoryStorage) => s], ["by promises", later]] as const
) {
  Deno.test(`noDelete() lets a session remove what it has made itself, ${name}`, async () => {
    const storage = new MemoryStorage();
    await put(storage, "/there");
    const client = new Limited(make(storage), noDelete());
    await client.upload("/own", "x");
    assertEquals(
      await client.codes(
        ask.mkdir("/d"),
        ask.rename("/own", "/d/moved"),
        ask.rename("/d", "/e"),
        ask.remove("/e/moved"),
        ask.rmdir("/e"),
        ask.symlink("/there", "/link"),
        ask.remove("/link"),
        ask.remove("/there"),
        ask.remove("/missing"),
      ),
      [...Array(7).fill("OK"), "PERMISSION_DENIED", "NO_SUCH_FILE"],
    );
    assertEquals(await client.names("/"), ["there"]);
  });

  Deno.test(`noDelete() lets an own file replace another, and the result stays, ${name}`, async () => {
    const storage = new MemoryStorage();
    await put(storage, "/there", "old");
    const client = new Limited(make(storage), noDelete());
    // KDE: it ignores the first answer.
    await client.upload("/there.part", "new");
    assertEquals(
      await client.codes(
        ask.remove("/there"),
        ask.posixRename("/there.part", "/there"),
        ask.remove("/there"),
        ask.remove("/there.part"),
      ),
      ["PERMISSION_DENIED", "OK", "PERMISSION_DENIED", "NO_SUCH_FILE"],
    );
    assertEquals(await contentOf(storage, "/there"), "new");
    await client.upload("/again.part", "newer");
    await client.upload("/own", "own");
    assertEquals(
      await client.codes(
        ask.rename("/again.part", "/there"),
        ask.posixRename("/again.part", "/own"),
        ask.remove("/own"),
      ),
      ["FAILURE", "OK", "OK"],
    );
  });
}

Deno.test("noDelete() lets only an own file replace anything, and only a regular file", async () => {
  const storage = new MemoryStorage();
  for (const path of ["/one", "/other"]) await put(storage, path, path);
  storage.symlink("/one", "/link");
  storage.mkdir("/d", {});
  const client = new Limited(storage, noDelete());
  await client.upload("/own", "x");
  assertEquals(
    await client.codes(
      ask.symlink("/one", "/own-link"),
      ask.hardlink("/one", "/own-hardlink"),
      ask.posixRename("/one", "/other"),
      ask.posixRename("/own-link", "/other"),
      ask.posixRename("/own-hardlink", "/other"),
      ask.posixRename("/own", "/link"),
      ask.posixRename("/own", "/d"),
      ask.posixRename("/one", "/elsewhere"),
    ),
    ["OK", "OK", "FAILURE", "FAILURE", "FAILURE", "FAILURE", "FAILURE", "OK"],
  );
  assertEquals(await contentOf(storage, "/other"), "/other");
});

Deno.test("noDelete() does not count an opened file as an own one", async () => {
  const storage = new MemoryStorage();
  await put(storage, "/there");
  const client = new Limited(storage, noDelete());
  await client.upload("/there", "new", UPLOAD);
  assertEquals(
    await client.codes(
      ask.remove("/there"),
      ask.rename("/there", "/moved"),
      ask.remove("/moved"),
    ),
    ["PERMISSION_DENIED", "OK", "PERMISSION_DENIED"],
  );
});

Deno.test("noDelete() lets one session of gvfs remove the temporary file of another", async () => {
  const storage = new MemoryStorage();
  await put(storage, "/there", "old");
  const writer = new Limited(storage, noDelete());
  const remover = new Limited(storage, noDelete());
  await writer.upload("/.giosaveeJkauI", "new", EXCLUSIVELY);
  assertEquals(
    await remover.codes(
      ask.remove("/there"),
      ask.remove("/.giosaveeJkauI"),
      ask.rename("/there", "/.giosaveeJkauI"),
      ask.posixRename("/there", "/.giosaveeJkauI"),
      ask.hardlink("/there", "/.giosaveeJkauI"),
    ),
    ["PERMISSION_DENIED", "OK", ...Array(3).fill("PERMISSION_DENIED")],
  );
  assertEquals(await remover.names("/"), ["there"]);
});
