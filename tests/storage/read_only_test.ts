import { assertEquals } from "@std/assert";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { type ReadOnlyFile, ReadOnlyStorage } from "../../lib/storage/read_only.ts";
import type {
  DirHandle,
  FileAttrs,
  MaybePromise,
  Storage,
  VirtualPath,
} from "../../lib/storage/storage.ts";
import { conformance, type Fixture, type Skip, type Tree } from "../../lib/testing/mod.ts";
import { how, Subject } from "../../lib/testing/subject.ts";
import { later } from "../support/later.ts";

/** Shows another storage, which it could change. */
class View extends ReadOnlyStorage {
  readonly #shown: Storage;

  constructor(shown: Storage) {
    super();
    this.#shown = shown;
  }

  override stat(path: VirtualPath): MaybePromise<FileAttrs> {
    return this.#shown.stat(path);
  }

  override openDir(path: VirtualPath): MaybePromise<DirHandle> {
    return this.#shown.openDir(path);
  }

  override openFile(path: VirtualPath): MaybePromise<ReadOnlyFile> {
    return this.#shown.open(path, how("read", "write"));
  }
}

async function view(tree: Tree, shown: (memory: MemoryStorage) => Storage): Promise<Fixture> {
  const memory = new MemoryStorage();
  await new Subject(memory, true).fill(tree);
  return { storage: new View(shown(memory)), tellsReasons: true };
}

const SKIPS: readonly Skip[] = [{ reason: "a view", tests: ["writing"] }];

Deno.test("ReadOnlyStorage keeps the promises of a storage that is only read", async (t) => {
  await conformance(t, (tree) => view(tree, (memory) => memory), SKIPS);
});

Deno.test("ReadOnlyStorage keeps them also where every answer is a promise", async (t) => {
  await conformance(t, (tree) => view(tree, later), SKIPS);
});

Deno.test("ReadOnlyStorage answers at once where its methods do", async () => {
  const { storage } = await view({ a: "content" }, (memory) => memory);
  const file = storage.open("/a", how("read"));
  const answers = [file, storage.lstat("/a"), storage.realPath("/a"), storage.close()];
  assertEquals(answers.filter((answer) => answer instanceof Promise), []);
});
