import { assertEquals } from "@std/assert";
import { noDelete } from "../../lib/policy/no_delete.ts";
import { noOverwrite } from "../../lib/policy/no_overwrite.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { later } from "../support/later.ts";
import { ask, Flag } from "../support/raw.ts";
import { contentOf } from "./every_request.ts";
import { Limited, put, UPLOAD } from "./limited.ts";

for (
  const [name, make] of [["at once", (s: MemoryStorage) => s], ["by promises", later]] as const
) {
  Deno.test(`noOverwrite() accepts an upload under a temporary name, and resumes it, ${name}`, async () => {
    const storage = new MemoryStorage();
    await put(storage, "/there", "old");
    const client = new Limited(make(storage), noOverwrite());
    await client.upload("/x.filepart", "first ");
    const again = await client.handle(ask.open("/x.filepart", Flag.WRITE | Flag.APPEND));
    assertEquals(
      await client.codes(
        ask.write(again, 0, "second"),
        ask.close(again),
        ask.rename("/x.filepart", "/there"),
        ask.posixRename("/x.filepart", "/there"),
        ask.posixRename("/x.filepart", "/x"),
      ),
      ["OK", "OK", "FAILURE", "FAILURE", "OK"],
    );
    assertEquals(await contentOf(storage, "/x"), "first second");
    assertEquals(await contentOf(storage, "/there"), "old");
  });
}

Deno.test("noOverwrite() lets no session put another's file at the path of an own one", async () => {
  for (const remover of ["the same session", "a second session"]) {
    const storage = new MemoryStorage();
    await put(storage, "/theirs", "content");
    const client = new Limited(storage, noOverwrite());
    await client.upload("/own", "x");
    const second = remover === "a second session" ? new Limited(storage, noOverwrite()) : client;
    assertEquals(
      await second.codes(
        ask.remove("/own"),
        ask.rename("/theirs", "/own"),
        ask.posixRename("/theirs", "/own"),
        ask.hardlink("/theirs", "/own"),
        ask.symlink("/theirs", "/own"),
      ),
      ["OK", "PERMISSION_DENIED", "PERMISSION_DENIED", "PERMISSION_DENIED", "OK"],
    );
    assertEquals(
      await client.codes(
        ask.open("/own", UPLOAD),
        ask.open("/own", Flag.WRITE),
        ask.open("/own", Flag.TRUNC),
        ask.setstat("/own", { size: 0 }),
      ),
      Array(4).fill("PERMISSION_DENIED"),
    );
  }
});

Deno.test("noOverwrite() lets no session put another's folder at the path of an own file", async () => {
  const storage = new MemoryStorage();
  storage.mkdir("/theirs", {});
  await put(storage, "/theirs/f");
  const client = new Limited(storage, noOverwrite());
  assertEquals(await client.code(ask.mkdir("/d")), "OK");
  await client.upload("/d/f", "x");
  assertEquals(
    await client.codes(
      ask.rename("/d", "/e"),
      ask.open("/e/f", UPLOAD),
      ask.rename("/theirs", "/d"),
      ask.symlink("/theirs", "/d"),
      ask.open("/d/f", UPLOAD),
    ),
    ["OK", "OK", "PERMISSION_DENIED", "OK", "PERMISSION_DENIED"],
  );
});

Deno.test("noOverwrite() forgets what others have removed, when the name is used again", async () => {
  const storage = new MemoryStorage();
  const client = new Limited(storage, noOverwrite());
  assertEquals(await client.code(ask.mkdir("/d")), "OK");
  await client.upload("/d/f", "x");
  storage.remove("/d/f");
  assertEquals(await client.codes(ask.rmdir("/d"), ask.mkdir("/d")), ["OK", "OK"]);
  await put(storage, "/d/f");
  assertEquals(await client.code(ask.open("/d/f", UPLOAD)), "PERMISSION_DENIED");
});

Deno.test("noOverwrite() combines with noDelete(): then nothing can be made again either", async () => {
  const storage = new MemoryStorage();
  await put(storage, "/there", "old");
  const client = new Limited(storage, noOverwrite(), noDelete());
  assertEquals(
    await client.codes(
      ask.remove("/there"),
      ask.open("/there", UPLOAD),
      ask.rename("/there", "/moved"),
    ),
    Array(3).fill("PERMISSION_DENIED"),
  );
});
