import { assertEquals, assertThrows } from "@std/assert";
import { denyPaths, hidePaths } from "../../lib/policy/path_limits.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { later } from "../support/later.ts";
import { ask, Flag } from "../support/raw.ts";
import { Limited, put, UPLOAD } from "./limited.ts";

/** `/open` may be used; `/vault`, `/open/.git` and every `.key` may not. */
const PATTERNS = ["*.key", "/vault", ".git", "/logs/*.log"];

async function makeTree(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  for (const folder of ["/open", "/vault", "/open/.git", "/logs", "/vault/in"]) {
    storage.mkdir(folder, {});
  }
  const files = ["/open/file", "/open/a.key", "/vault/gold", "/open/.git/config", "/logs/x.log"];
  for (const file of files) await put(storage, file);
  storage.symlink("/vault", "/open/to vault");
  storage.symlink("../vault/gold", "/open/to gold");
  storage.symlink("a.key", "/open/to key");
  storage.symlink("/open", "/vault/to open");
  storage.symlink("/open/file", "/open/named.key");
  storage.symlink("/open/nothing.key", "/open/to no key");
  return storage;
}

/** Paths that are denied, as a client may write them. */
const KEPT = [
  "/vault",
  "/vault/",
  "/vault/gold",
  "/vault/in/../gold",
  "/open/../vault/gold",
  "/open/./../vault//gold",
  "vault/gold",
  "../../vault/gold",
  "/open/a.key",
  "/open/.git/config",
  "/open/.git/",
  "/open/named.key",
  "/vault/to open/file",
  "/open/to vault/gold",
  "/open/to vault/to open/file",
  "/logs/x.log",
];

/** Links whose targets are denied; the links themselves are not. */
const LINKS = ["/open/to vault", "/open/to gold", "/open/to key"];

for (
  const [name, make] of [["at once", (s: MemoryStorage) => s], ["by promises", later]] as const
) {
  Deno.test(`denyPaths() refuses paths however they are written, ${name}`, async () => {
    const client = new Limited(make(await makeTree()), denyPaths(PATTERNS));
    for (const path of KEPT) {
      const codes = await client.codes(
        ask.stat(path),
        ask.lstat(path),
        ask.open(path, Flag.READ),
        ask.open(path, UPLOAD),
        ask.opendir(path),
        ask.remove(path),
        ask.rmdir(path),
        ask.setstat(path, { permissions: 0 }),
        ask.lsetstat(path, { permissions: 0 }),
        ask.checkFileName(path, "md5"),
        ask.statvfs(path),
        ask.realpath(path),
        ask.rename(path, "/stolen"),
        ask.posixRename(path, "/stolen"),
        ask.hardlink(path, "/stolen"),
        ask.rename("/open/file", path),
        ask.hardlink("/open/file", path),
        ask.symlink("/open/file", path),
        ask.mkdir(path),
      );
      assertEquals(new Set(codes), new Set(["PERMISSION_DENIED"]), path);
    }
  });

  Deno.test(`hidePaths() answers as if nothing existed there, ${name}`, async () => {
    const client = new Limited(make(await makeTree()), hidePaths(PATTERNS));
    for (const path of KEPT) {
      const codes = await client.codes(
        ask.stat(path),
        ask.lstat(path),
        ask.open(path, Flag.READ),
        ask.opendir(path),
        ask.remove(path),
        ask.rmdir(path),
        ask.setstat(path, { permissions: 0 }),
        ask.checkFileName(path, "md5"),
        ask.rename(path, "/stolen"),
        ask.posixRename(path, "/stolen"),
        ask.hardlink(path, "/stolen"),
      );
      assertEquals(new Set(codes), new Set(["NO_SUCH_FILE"]), path);
    }
    assertEquals(await client.names("/"), ["logs", "open"]);
    assertEquals(await client.names("/open"), [
      "file",
      "to gold",
      "to key",
      "to no key",
      "to vault",
    ]);
    assertEquals(await client.names("/logs"), []);
  });
}

Deno.test("denyPaths() follows links, and leaves the links themselves alone", async () => {
  const storage = await makeTree();
  const client = new Limited(storage, denyPaths(PATTERNS));
  for (const link of LINKS) {
    assertEquals(
      await client.codes(
        ask.stat(link),
        ask.open(link, Flag.READ),
        ask.open(link, UPLOAD),
        ask.setstat(link, { size: 0 }),
        ask.setstat(link + "/", { permissions: 0 }),
        ask.lstat(link + "/"),
        ask.hardlink(link, "/stolen"),
      ),
      Array(7).fill("PERMISSION_DENIED"),
      link,
    );
    assertEquals(await client.codes(ask.lstat(link), ask.readlink(link), ask.remove(link)), [
      "OK",
      "OK",
      "OK",
    ]);
  }
});

Deno.test("denyPaths() makes nothing with a forbidden name, not even through a dangling link", async () => {
  const storage = await makeTree();
  const client = new Limited(storage, denyPaths(PATTERNS));
  assertEquals(
    await client.codes(
      ask.open("/open/to no key", UPLOAD),
      ask.open("/new.key", UPLOAD),
      ask.open("/new.key", Flag.CREAT),
      ask.symlink("../vault/gold", "/open/mine"),
      ask.symlink("/open/../vault", "/mine"),
      ask.symlink("/vault/gold", "/mine"),
      ask.rename("/open/file", "/open/file.key"),
    ),
    Array(7).fill("PERMISSION_DENIED"),
  );
});

Deno.test("denyPaths() lets no rename of a folder change what is denied below it", async () => {
  const storage = await makeTree();
  storage.mkdir("/open/logs", {});
  await put(storage, "/open/logs/y.log");
  const client = new Limited(storage, denyPaths(PATTERNS));
  assertEquals(
    await client.codes(
      ask.rename("/logs", "/open/old logs"),
      ask.posixRename("/logs", "/open/old logs"),
      // The reverse: what is in there would match a pattern.
      ask.rename("/open/logs", "/logs"),
      ask.posixRename("/open/logs", "/logs"),
      ask.rename("/open/logs", "/open/moved"),
      ask.rename("/open", "/opened"),
      ask.stat("/opened/a.key"),
    ),
    [...Array(4).fill("PERMISSION_DENIED"), "OK", "OK", "PERMISSION_DENIED"],
  );
});

Deno.test("denyPaths() lets a file have the name that a folder may not take", async () => {
  const storage = new MemoryStorage();
  await put(storage, "/file");
  const client = new Limited(storage, denyPaths(["/logs/*.log"]));
  assertEquals(await client.code(ask.rename("/file", "/logs")), "OK");
});

Deno.test("denyPaths() lists what it refuses", async () => {
  const client = new Limited(await makeTree(), denyPaths(PATTERNS));
  assertEquals(await client.names("/"), ["logs", "open", "vault"]);
});

Deno.test("hidePaths() refuses to make something with a hidden name", async () => {
  const client = new Limited(await makeTree(), hidePaths(PATTERNS));
  assertEquals(
    await client.codes(
      ask.open("/open/a.key", UPLOAD),
      ask.open("/open/new.key", UPLOAD),
      ask.mkdir("/vault"),
      ask.symlink("file", "/open/x.key"),
      ask.rename("/open/file", "/vault"),
      ask.posixRename("/open/file", "/open/a.key"),
      ask.symlink("/vault", "/open/mine"),
      ask.mkdir("/vault/new"),
    ),
    [...Array(7).fill("PERMISSION_DENIED"), "NO_SUCH_FILE"],
  );
});

Deno.test("hidePaths() reports the path of a hidden name like that of a missing one", async () => {
  const client = new Limited(await makeTree(), hidePaths(PATTERNS));
  for (const name of ["/vault", "/missing"]) {
    const reply = await client.dialogue.ask(ask.realpath(name));
    assertEquals(reply.kind === "name" && reply.names[0]?.filename, name);
  }
  assertEquals(await client.codes(ask.realpath("/vault/gold"), ask.realpath("/missing/gold")), [
    "NO_SUCH_FILE",
    "NO_SUCH_FILE",
  ]);
});

Deno.test("hidePaths() lists a folder with very many hidden entries to its end", async () => {
  const storage = new MemoryStorage();
  for (let index = 0; index < 2000; index++) storage.mkdir(`/${index}.key`, {});
  storage.mkdir("/last", {});
  assertEquals(await new Limited(storage, hidePaths(PATTERNS)).names("/"), ["last"]);
  assertEquals(await new Limited(later(storage), hidePaths(PATTERNS)).names("/"), ["last"]);
});

Deno.test("denyPaths() refuses what is not a pattern", () => {
  assertThrows(() => denyPaths(["ok", "[a"]), SyntaxError, "[a");
});
