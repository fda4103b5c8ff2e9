import { assert, assertEquals, AssertionError, assertRejects } from "@std/assert";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { OpenOptions, Storage } from "../../lib/storage/storage.ts";
import { conformance, type Limits, type MakeStorage, type Skip } from "../../lib/testing/mod.ts";
import { how, Subject } from "../../lib/testing/subject.ts";

/** The result of a run of the kit: the names of its tests, by how they ended. */
interface Report {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

/** Runs the kit; its failures do not fail this test. */
async function reportOf(
  makeStorage: MakeStorage,
  skips: readonly Skip[] = [],
  { limits, reasons = [] }: { readonly limits?: Limits; readonly reasons?: string[] } = {},
): Promise<Report> {
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
    } catch (error) {
      reasons.push(`${name}: ${error instanceof Error ? error.message : error}`);
      report.failed.push(name);
      return false;
    }
  }
  // The kit uses only the steps of a test's context.
  await conformance({ step } as unknown as Deno.TestContext, makeStorage, skips, limits);
  return report;
}

const READ_ONLY: Skip = { reason: "a view", tests: ["writing"] };

/** A memory that holds the tree and refuses changes, except for what `instead` overrides. */
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

Deno.test("conformance() fails tests by name when a listing does not end, and ends itself", async () => {
  for (const later of [false, true]) {
    const reasons: string[] = [];
    const { passed, failed } = await reportOf(
      () => {
        const storage = new MemoryStorage();
        const all = Array.from({ length: 9 }, (_, at) => ({ name: `${at}`, attrs: {} }));
        const next = () => later ? Promise.resolve(all) : all;
        storage.openDir = () => ({ next, close: () => {} }) as never;
        return { storage };
      },
      [],
      { reasons },
    );
    assert(passed.length > 20);
    assert(failed.includes("listing: openDir() lists files and directories"));
    assert(
      reasons.includes(
        'listing: openDir() lists files and directories: next() of the directory "/d" has given ' +
          "10008 entries without an end: an empty array is the end",
      ),
      reasons.join("\n"),
    );
  }
});

Deno.test("conformance() fails tests by name when an answer does not come, and ends itself", async () => {
  for (const method of ["stat", "open", "openDir", "mkdir", "rename"] as const) {
    const reasons: string[] = [];
    const { passed, failed } = await reportOf(
      () => {
        const storage = new MemoryStorage();
        storage[method] = () => new Promise<never>(() => {}) as never;
        return { storage };
      },
      [],
      { limits: { call: 30 }, reasons },
    );
    assert(passed.length + failed.length > 150);
    const given = reasons.filter((reason) => reason.includes("has not answered"));
    assertEquals(given.length, 3, reasons.join("\n"));
    for (const reason of given) {
      const told = `: ${method}("/`;
      assert(reason.includes(told) && reason.endsWith("its promise does not settle"), reason);
    }
    assert(reasons.some((reason) => reason.endsWith("not run: 3 tests before it were given up")));
  }
});

Deno.test("conformance() names what does not settle around a test", async () => {
  const never = () => new Promise<never>(() => {});
  const limits = { call: 30 };
  await assertRejects(
    () => reportOf(never, [], { limits }),
    Error,
    "makeStorage() has not answered in 0.03 s",
  );
  await assertRejects(
    () =>
      reportOf(() => Object.assign({ storage: new MemoryStorage(), dispose: never }), [], {
        limits,
      }),
    Error,
    "dispose() has not answered in 0.03 s",
  );
});

Deno.test("conformance() names the method that answers nothing", async () => {
  const wrongs: readonly [Partial<Storage>, string][] = [
    [{ open: () => undefined as never }, 'open("/a") returned undefined, not an object'],
    [{ openDir: () => undefined as never }, 'openDir("/d") returned undefined, not an object'],
    [
      { openDir: () => ({ next: () => undefined as never, close: () => {} }) },
      'next() of the directory "/d" returned undefined, not an array',
    ],
  ];
  for (const [wrong, told] of wrongs) {
    const reasons: string[] = [];
    await reportOf(() => ({ storage: Object.assign(new MemoryStorage(), wrong) }), [], { reasons });
    assert(reasons.some((reason) => reason.endsWith(told)), `${told}\n${reasons.join("\n")}`);
  }
});

Deno.test("conformance() finds a count of read() that cannot be, and a file without end", async () => {
  const reading = (read: (into: Uint8Array) => number): MakeStorage => () => {
    const storage = new MemoryStorage();
    const open = storage.open.bind(storage);
    storage.open = (path, options) => Object.assign(open(path, options), { read });
    return { storage };
  };
  const wrongs: readonly [(into: Uint8Array) => number, string][] = [
    [(into) => into.length + 1, 'read() of "/a" returned 65537 where only 65536 bytes fit'],
    [() => undefined as never, 'read() of "/a" returned undefined where only 65536 bytes fit'],
    [(into) => into.length, 'read() of "/a" does not end: 0 means the end'],
  ];
  for (const [read, told] of wrongs) {
    const reasons: string[] = [];
    await reportOf(reading(read), [], { reasons });
    assert(reasons.some((reason) => reason.endsWith(told)), `${told}\n${reasons.join("\n")}`);
  }
});

Deno.test("conformance() gives up a test that takes too long, although everything answers at once", async () => {
  const reasons: string[] = [];
  await reportOf(
    () => {
      const storage = new MemoryStorage();
      storage.openDir = () =>
        ({
          next() {
            const end = performance.now() + 2;
            while (performance.now() < end);
            return [{ name: "a", attrs: {} }];
          },
          close: () => {},
        }) as never;
      return { storage };
    },
    [],
    { limits: { test: 100 }, reasons },
  );
  assert(
    reasons.some((reason) =>
      reason.endsWith('has not ended in 0.1 s; the last call: next() of the directory "/"')
    ),
    reasons.join("\n"),
  );
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

Deno.test("conformance() finds a failure that is not a StorageError", async () => {
  const { failed } = await reportOf(() => {
    const storage = new MemoryStorage();
    storage.readLink = () => {
      throw new TypeError("not a link");
    };
    return { storage };
  });
  assert(failed.includes("no links: readLink() of what is not a link is invalid"));
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

Deno.test("conformance() finds a view that reports success but does nothing", async () => {
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

Deno.test("conformance() tests that links are refused if they are skipped", async () => {
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
    "paths: realPath() of links in a loop is not-found " +
      "(skipped: no links here)",
  ));
  const bug = () => {
    throw new Error("not implemented");
  };
  assertEquals((await reportOf(without(bug), skips)).failed, [
    "refused links: symlink() is refused, and nothing is made",
  ]);
});

Deno.test("conformance() fails a skip that is not needed", async () => {
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

Deno.test("conformance() leaves nothing open, even if a test fails", async () => {
  let open = 0;
  await reportOf(() => {
    const storage = new MemoryStorage();
    storage.open("/in the way", how("write", "create")).close();
    open++;
    return { storage, dispose: () => void open-- };
  });
  assertEquals(open, 0);
});
