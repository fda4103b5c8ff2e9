import { assert, assertEquals, AssertionError, assertRejects } from "@std/assert";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory.ts";
import type { OpenOptions, Storage } from "../../lib/storage/storage.ts";
import { conformance, type MakeStorage, type Skip } from "../../lib/testing/mod.ts";
import { how, Subject } from "../../lib/testing/subject.ts";

/** What a run of the kit told: the names of its tests, by how they ended. */
interface Report {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

/** Runs the kit without failing where it fails. */
async function reportOf(makeStorage: MakeStorage, skips: readonly Skip[] = []): Promise<Report> {
  const report = { passed: [] as string[], failed: [] as string[], skipped: [] as string[] };
  async function step(
    step: string | { name: string; ignore?: boolean; fn: () => void | Promise<void> },
    work?: () => void | Promise<void>,
  ): Promise<boolean> {
    const { name, ignore = false, fn } = typeof step === "string"
      ? { name: step, fn: work! }
      : step;
    if (ignore) {
      report.skipped.push(name);
      return false;
    }
    try {
      await fn();
      report.passed.push(name);
      return true;
    } catch {
      report.failed.push(name);
      return false;
    }
  }
  // Of a test's context the kit uses its steps alone.
  await conformance({ step } as unknown as Deno.TestContext, makeStorage, skips);
  return report;
}

const READ_ONLY: Skip = { reason: "a view", tests: ["writing"] };

/** A memory that holds the tree and changes no more, but for what `instead` does. */
function view(instead: (memory: MemoryStorage) => Partial<Storage> = () => ({})): MakeStorage {
  return async (tree) => {
    const memory = new MemoryStorage();
    await new Subject(memory, true).fill(tree);
    const storage: Storage = {
      extensions: {},
      open: (path, options) => opened(memory, path, options),
      openDir: (path) => memory.openDir(path),
      stat: (path) => memory.stat(path),
      lstat: (path) => memory.lstat(path),
      realPath: (path) => memory.realPath(path),
      readLink: (path) => memory.readLink(path),
      setAttrs: refuse,
      symlink: refuse,
      mkdir: refuse,
      rmdir: refuse,
      remove: refuse,
      rename: refuse,
      close: () => memory.close(),
      ...instead(memory),
    };
    return { storage, tellsReasons: true };
  };
}

function opened(memory: MemoryStorage, path: string, options: OpenOptions) {
  if (options.write || options.create || options.truncate) refuse();
  const file = memory.open(path, options);
  return {
    read: file.read.bind(file),
    stat: file.stat.bind(file),
    close: () => file.close(),
    write: refuse,
    setAttrs: refuse,
  };
}

function refuse(): never {
  throw new StorageError("denied", "this is a view");
}

Deno.test("conformance() passes a storage that has everything", async () => {
  const { failed, skipped } = await reportOf(() => ({ storage: new MemoryStorage() }));
  assertEquals(failed, []);
  assertEquals(skipped.filter((name) => !/\(skipped: "[a-z ]+" runs\)$/.test(name)), []);
});

Deno.test("conformance() finds a rename that overwrites", async () => {
  const { failed } = await reportOf(() => {
    const storage = new MemoryStorage();
    storage.rename = (from, to) => storage.extensions.posixRename!(from, to) as undefined;
    return { storage };
  });
  assert(failed.includes("rename: rename() fails where there is a file, and leaves both"));
  assert(failed.every((name) => name.startsWith("rename: ")), failed.join("\n"));
});

Deno.test("conformance() finds a failure that is no StorageError", async () => {
  const { failed } = await reportOf(() => {
    const storage = new MemoryStorage();
    storage.readLink = () => {
      throw new TypeError("not a link");
    };
    return { storage };
  });
  assert(failed.includes("no links: readLink() of what is no link is invalid"));
});

Deno.test("conformance() gives a view its tree, and tests that it refuses to change", async () => {
  const { passed, failed, skipped } = await reportOf(view(), [READ_ONLY]);
  assertEquals(failed, []);
  assert(passed.includes("listing: openDir() lists files and directories"));
  assert(passed.includes("names: odd names of files are found"));
  assert(passed.includes("refused writing: rename() is refused"));
  assert(passed.includes('the skip "writing" is needed'));
  assert(skipped.includes("rename: rename() gives a file another name (skipped: a view)"));
  assert(skipped.includes("links: stat() follows a link and lstat() does not (skipped: a view)"));
});

Deno.test("conformance() finds a view that does nothing and says that it has", async () => {
  for (
    const [name, instead] of [
      ["setAttrs", { setAttrs: () => {} }],
      ["rename", { rename: () => {} }],
      ["mkdir", { mkdir: () => {} }],
      ["remove", { remove: () => {} }],
    ] as const
  ) {
    const { failed } = await reportOf(view(() => instead), [READ_ONLY]);
    assertEquals(failed.map((test) => test.startsWith("refused writing: ")), [true], name);
  }
});

Deno.test("conformance() finds a view that lets something change", async () => {
  const changes = [
    (memory: MemoryStorage) => ({ remove: (path: string) => memory.remove(path) }),
    (memory: MemoryStorage) => ({
      open: (path: string, options: OpenOptions) => memory.open(path, options),
    }),
    (memory: MemoryStorage) => ({
      extensions: { posixRename: memory.extensions.posixRename!.bind(memory.extensions) },
    }),
  ];
  for (const change of changes) {
    const { failed } = await reportOf(view(change), [READ_ONLY]);
    assert(failed.some((name) => name.startsWith("refused writing: ")));
  }
});

Deno.test("conformance() tests that links are refused where they are skipped", async () => {
  const without = (symlink: () => never) => () => {
    const storage = new MemoryStorage();
    storage.symlink = symlink;
    return { storage };
  };
  const skips = [{ reason: "no links here", tests: ["links"] }];
  const refusal = () => {
    throw new StorageError("unsupported", "no links here");
  };
  const { passed, failed, skipped } = await reportOf(without(refusal), skips);
  assertEquals(failed, []);
  assert(passed.includes("refused links: symlink() is refused, and nothing is made"));
  assert(skipped.includes(
    "paths: realPath() of links in a circle is not-found " +
      "(skipped: no links here)",
  ));
  const bug = () => {
    throw new Error("not implemented");
  };
  assertEquals((await reportOf(without(bug), skips)).failed, [
    "refused links: symlink() is refused, and nothing is made",
  ]);
});

Deno.test("conformance() fails a skip that nothing needs", async () => {
  const make = () => ({ storage: new MemoryStorage() });
  for (const name of ["links", "raw names", "writing", "open() with create makes an empty file"]) {
    const { failed } = await reportOf(make, [{ reason: "once upon a time", tests: [name] }]);
    assert(failed.includes(`the skip "${name}" is needed`), name);
  }
});

Deno.test("conformance() throws at a skip that names no test", async () => {
  const skips = [{ reason: "a slip", tests: ["open() with creat makes a file"] }];
  await assertRejects(
    () => reportOf(() => ({ storage: new MemoryStorage() }), skips),
    AssertionError,
    'No test and no group is called "open() with creat makes a file"',
  );
});

Deno.test("conformance() leaves nothing open, also where a test fails", async () => {
  let open = 0;
  await reportOf(() => {
    const storage = new MemoryStorage();
    storage.open("/in the way", how("write", "create")).close();
    open++;
    return { storage, dispose: () => void open-- };
  });
  assertEquals(open, 0);
});
