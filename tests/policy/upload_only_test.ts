import { assertEquals } from "@std/assert";
import { opensshLines } from "../../lib/audit/openssh_lines.ts";
import { applyPolicies } from "../../lib/policy/access.ts";
import { forcedModes } from "../../lib/policy/modes.ts";
import { uploadOnly } from "../../lib/policy/upload_only.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { later } from "../support/later.ts";
import { ask, Flag } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";
import { contentOf } from "./every_request.ts";
import { Limited, put, UPLOAD } from "./limited.ts";

for (
  const [name, make] of [["at once", (s: MemoryStorage) => s], ["by promises", later]] as const
) {
  Deno.test(`uploadOnly() accepts an upload under a temporary name, ${name}`, async () => {
    const storage = new MemoryStorage();
    const client = new Limited(make(storage), uploadOnly());
    await client.upload("/x.filepart", "first ");
    const again = await client.handle(ask.open("/x.filepart", Flag.WRITE));
    assertEquals(
      await client.codes(
        ask.write(again, 6, "second"),
        ask.fsetstat(again, { atime: 1, mtime: 2 }),
        ask.close(again),
        ask.rename("/x.filepart", "/x"),
        ask.setstat("/x", { atime: 3, mtime: 4 }),
      ),
      ["OK", "OK", "OK", "OK", "OK"],
    );
    assertEquals(await contentOf(storage, "/x"), "first second");
    assertEquals(storage.stat("/x").mtime, 4);
  });
}

Deno.test("uploadOnly() shows nothing of what was uploaded, not even to the uploader", async () => {
  const client = new Limited(new MemoryStorage(), uploadOnly());
  const both = await client.handle(ask.open("/x", UPLOAD | Flag.READ));
  assertEquals(await client.codes(ask.write(both, 0, "x"), ask.read(both, 0, 1)), [
    "OK",
    "PERMISSION_DENIED",
  ]);
  assertEquals(await client.names("/"), []);
  assertEquals(await client.codes(ask.opendir("/missing"), ask.opendir("/x")), [
    "NO_SUCH_FILE",
    "FAILURE",
  ]);
});

Deno.test("uploadOnly() does not count another session's files as own", async () => {
  const storage = new MemoryStorage();
  const [one, two] = [new Limited(storage, uploadOnly()), new Limited(storage, uploadOnly())];
  await one.upload("/x", "one's");
  assertEquals(
    await two.codes(
      ask.open("/x", UPLOAD),
      ask.open("/x", Flag.WRITE),
      ask.open("/x", Flag.WRITE | Flag.APPEND),
      ask.open("/sub/../x", UPLOAD),
      ask.open("//./x", UPLOAD),
      ask.setstat("/x", { size: 0 }),
      ask.remove("/x"),
      ask.rename("/x", "/y"),
    ),
    [
      "PERMISSION_DENIED",
      "PERMISSION_DENIED",
      "PERMISSION_DENIED",
      "NO_SUCH_FILE",
      ...Array(4).fill("PERMISSION_DENIED"),
    ],
  );
  await two.upload("/y", "two's");
  assertEquals(await two.codes(ask.rename("/y", "/x"), ask.posixRename("/y", "/x")), [
    "FAILURE",
    "FAILURE",
  ]);
  assertEquals([await contentOf(storage, "/x"), await contentOf(storage, "/y")], [
    "one's",
    "two's",
  ]);
});

Deno.test("uploadOnly() forgets what has been removed or renamed away", async () => {
  const storage = new MemoryStorage();
  const client = new Limited(storage, uploadOnly());
  await client.upload("/x", "x");
  await client.upload("/y", "y");
  assertEquals(await client.codes(ask.remove("/x"), ask.rename("/y", "/z")), ["OK", "OK"]);
  await put(storage, "/x", "another's");
  await put(storage, "/y", "another's");
  assertEquals(
    await client.codes(ask.open("/x", UPLOAD), ask.open("/y", UPLOAD), ask.open("/z", UPLOAD)),
    ["PERMISSION_DENIED", "PERMISSION_DENIED", "OK"],
  );
});

Deno.test("uploadOnly() knows its files by whatever path leads there", async () => {
  const storage = new MemoryStorage();
  storage.mkdir("/d", {});
  storage.symlink("d", "/link");
  const client = new Limited(storage, uploadOnly());
  await client.upload("/link/x", "x");
  assertEquals(
    await client.codes(
      ask.open("/d/x", UPLOAD),
      ask.open("/d/../link/./x", UPLOAD),
      ask.rename("/link/../d/x", "/link/y"),
      ask.remove("/d/y"),
    ),
    ["OK", "OK", "OK", "OK"],
  );
});

Deno.test("uploadOnly() makes folders, sets them up, and neither moves nor removes them", async () => {
  const client = new Limited(new MemoryStorage(), uploadOnly());
  assertEquals(
    await client.codes(
      ask.mkdir("/d"),
      ask.setstat("/d", { permissions: 0o700 }),
      ask.setstat("/d/", { atime: 1, mtime: 2 }),
      ask.setstat("/", { permissions: 0o777 }),
      ask.rename("/d", "/e"),
      ask.posixRename("/d", "/e"),
      ask.remove("/d"),
      ask.rmdir("/d"),
    ),
    ["OK", "OK", "OK", ...Array(5).fill("PERMISSION_DENIED")],
  );
});

Deno.test("uploadOnly() writes through no link, wherever it leads", async () => {
  const storage = new MemoryStorage();
  storage.symlink("nowhere", "/dangling");
  const client = new Limited(storage, uploadOnly());
  assertEquals(await client.codes(ask.open("/dangling", UPLOAD), ask.stat("/nowhere")), [
    "PERMISSION_DENIED",
    "NO_SUCH_FILE",
  ]);
});

Deno.test("uploadOnly() combines with forced modes", async () => {
  const storage = new MemoryStorage();
  const client = new Limited(
    storage,
    forcedModes({ file: 0o440, directory: 0o2770 }),
    uploadOnly(),
  );
  await client.upload("/x", "x");
  assertEquals(await client.code(ask.mkdir("/d")), "OK");
  assertEquals([storage.stat("/x").permissions, storage.stat("/d").permissions], [
    0o100440,
    0o042770,
  ]);
});

Deno.test("uploadOnly() logs what it refuses", async () => {
  const lines: string[] = [];
  const { storage, policy } = applyPolicies(new MemoryStorage(), [uploadOnly()]);
  const log = { level: 5, write: (_level: number, line: string) => void lines.push(line) };
  const dialogue = new Dialogue(storage, { policy, observers: [opensshLines(log)] });
  await dialogue.ask(ask.rmdir("/"));
  await dialogue.ask(ask.setstat("/", {}));
  assertEquals(lines, [
    "Refusing rmdir request in upload-only mode",
    "sent status Permission denied",
    "Refusing setstat request: changing is refused in upload-only mode",
    "sent status Permission denied",
  ]);
  await dialogue.end();
});
