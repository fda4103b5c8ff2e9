import { assertEquals } from "@std/assert";
import { type Collection, ObjectId } from "mongodb";
import { needsMongo } from "../../../support/mongodb.ts";
import { kindOf } from "../../../../lib/testing/subject.ts";
import { type Buckets, withSession } from "../support/buckets.ts";

Deno.test({
  name: "Listing shows foreign names, each in its directory and once",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      await put(buckets, name, ["/a/b", "c//d", "..", "e/", "f", "f!", "f/g", "h/i", "h/j/k"]);
      await storage.setAttrs("/h", { permissions: 0o700 });
      await storage.symlink("f", "/link");
      const told: string[] = [];
      for (const { name, attrs } of await s.list("/")) told.push(`${kindOf(attrs)} ${name}`);
      assertEquals(told.sort(), [
        "directory %",
        "directory c",
        "directory e",
        "directory h",
        "file %..",
        "file f",
        "file f!",
        "link link",
      ]);
      assertEquals(await s.names("/%/a"), ["b"]);
      assertEquals(await s.names("/c"), ["%"]);
      assertEquals(await s.names("/c/%"), ["d"]);
      assertEquals(await s.names("/e"), ["%"]);
      assertEquals(await s.names("/h"), ["i", "j"]);
      assertEquals(await s.get("/c/%/d"), "");
      await put(buckets, name, [""]);
      assertEquals(await s.kind("/%"), "file");
      await storage.remove("/%");
      assertEquals(await s.names("/%/a"), ["b"]);
    }),
});

Deno.test({
  name: "Listing shows the newest of several files with one name, as open() opens it",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      const files = buckets.db.collection(`${name}.files`);
      for (const [length, time] of [[1, 1000], [3, 3000], [2, 2000]] as const) {
        await files.insertOne({ ...fileOf("a"), length, uploadDate: new Date(time) });
      }
      await put(buckets, name, ["b"]);
      const sizes = (await s.list("/")).map(({ name, attrs }) => `${name} ${attrs.size}`);
      assertEquals(sizes, ["a 3", "b 0"]);
      assertEquals((await storage.stat("/a")).size, 3);
      await storage.rename("/a", "/c");
      assertEquals(await s.names("/"), ["b", "c"]);
      await storage.remove("/c");
      assertEquals(await s.names("/"), ["b"]);
    }),
});

Deno.test({
  name: "a file hides files below its name, and these are listed when it is gone",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage, s }) => {
      await put(buckets, name, ["a", "a/b"]);
      assertEquals([await s.names("/"), await s.kind("/a")], [["a"], "file"]);
      assertEquals(await s.kind("/a/b"), "file");
      await storage.rename("/a", "/c");
      assertEquals([await s.names("/"), await s.kind("/a")], [["a", "c"], "directory"]);
      assertEquals(await s.names("/a"), ["b"]);
    }),
});

Deno.test({
  name: "Listing jumps over the many files of a subdirectory, and continues after them",
  ...needsMongo(),
  fn: () =>
    withSession(async ({ buckets, name, storage }) => {
      const inside = Array.from({ length: 5000 }, (_, index) => `d/b/${index}`);
      await put(buckets, name, ["d/a", "d/b!", ...inside, "d/c", "d/e/f", "e"]);
      const page = await storage.openDir("/d");
      const names = (await page.next(100)).map(({ name }) => name);
      await page.close();
      assertEquals(names.sort(), [".", "..", "a", "b", "b!", "c", "e"]);
    }),
});

/** Files without content, as another program may have put them there. */
async function put(buckets: Buckets, name: string, names: readonly string[]): Promise<void> {
  const files: Collection = buckets.db.collection(`${name}.files`);
  await files.insertMany(names.map(fileOf));
}

function fileOf(filename: string) {
  return {
    _id: new ObjectId(),
    filename,
    length: 0,
    chunkSize: 261_120,
    uploadDate: new Date(0),
  };
}
