import { assertEquals } from "@std/assert";
import { appendOnly } from "../../lib/policy/append_only.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { later } from "../support/later.ts";
import { ask, Flag } from "../support/raw.ts";
import { contentOf } from "./every_request.ts";
import { Limited, put, UPLOAD } from "./limited.ts";

for (
  const [name, make] of [["at once", (s: MemoryStorage) => s], ["by promises", later]] as const
) {
  Deno.test(`appendOnly() lets an interrupted upload resume, ${name}`, async () => {
    const storage = new MemoryStorage();
    const client = new Limited(make(storage), appendOnly());
    await client.upload("/log", "one ");
    for (const [flags, position] of [[Flag.WRITE, 4], [Flag.WRITE | Flag.APPEND, 0]] as const) {
      const handle = await client.handle(ask.open("/log", flags));
      assertEquals(await client.code(ask.write(handle, position, "two ")), "OK");
    }
    assertEquals(await contentOf(storage, "/log"), "one two two ");
  });

  Deno.test(`appendOnly() keeps every existing byte, ${name}`, async () => {
    const storage = new MemoryStorage();
    await put(storage, "/log", "content");
    const client = new Limited(make(storage), appendOnly());
    const handle = await client.handle(ask.open("/log", Flag.READ | Flag.WRITE | Flag.CREAT));
    const source = await client.handle(ask.open("/new", Flag.READ | UPLOAD));
    assertEquals(
      await client.codes(
        ask.write(source, 0, "evil"),
        ask.write(handle, 6, "xx"),
        ask.write(handle, 0, "x"),
        ask.copyData(source, 0, 0, handle, 6),
        ask.fsetstat(handle, { size: 6 }),
        ask.fsetstat(handle, { size: 0, atime: 1, mtime: 1 }),
        ask.setstat("/log", { size: 6 }),
        ask.open("/log", UPLOAD),
        ask.open("/log", Flag.TRUNC),
        ask.posixRename("/new", "/log"),
        ask.rename("/new", "/log"),
        ask.remove("/log"),
        ask.copyData(source, 0, 0, handle, 7),
        ask.fsetstat(handle, { size: 11 }),
      ),
      [
        "OK",
        ...Array(8).fill("PERMISSION_DENIED"),
        "FAILURE",
        "FAILURE",
        "PERMISSION_DENIED",
        "OK",
        "OK",
      ],
    );
    assertEquals(await contentOf(storage, "/log"), "contentevil");
  });
}

Deno.test("appendOnly() keeps what a second name or a link of the file leads to", async () => {
  const storage = new MemoryStorage();
  await put(storage, "/log", "content");
  const client = new Limited(storage, appendOnly());
  assertEquals(await client.codes(ask.hardlink("/log", "/hard"), ask.symlink("log", "/soft")), [
    "OK",
    "OK",
  ]);
  for (const path of ["/hard", "/soft"]) {
    const handle = await client.handle(ask.open(path, Flag.WRITE));
    assertEquals(
      await client.codes(
        ask.write(handle, 0, "x"),
        ask.setstat(path, { size: 0 }),
        ask.open(path, UPLOAD),
        ask.remove(path),
      ),
      Array(4).fill("PERMISSION_DENIED"),
    );
  }
});

Deno.test("appendOnly() protects a far side that writes at the position instead of appending", async () => {
  const inner = new MemoryStorage();
  await put(inner, "/log", "content");
  const deaf: Storage = new Proxy(inner, {
    get(target, name) {
      if (name === "open") {
        return (...[path, options]: Parameters<Storage["open"]>) =>
          target.open(path, { ...options, append: false });
      }
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const client = new Limited(deaf, appendOnly());
  const handle = await client.handle(ask.open("/log", Flag.WRITE | Flag.APPEND));
  assertEquals(await client.code(ask.write(handle, 0, "x")), "OK");
  assertEquals(await contentOf(inner, "/log"), "contentx");
});

Deno.test("appendOnly() limits each handle by the size that it found", async () => {
  const storage = new MemoryStorage();
  const client = new Limited(storage, appendOnly());
  const made = await client.handle(ask.open("/log", UPLOAD));
  assertEquals(await client.code(ask.write(made, 0, "12345")), "OK");
  const second = await client.handle(ask.open("/log", Flag.WRITE));
  assertEquals(
    await client.codes(
      ask.write(second, 4, "x"),
      ask.write(made, 4, "x"),
      ask.write(second, 5, "x"),
    ),
    ["PERMISSION_DENIED", "OK", "OK"],
  );
});
