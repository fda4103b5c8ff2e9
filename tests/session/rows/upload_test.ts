import { assertEquals } from "@std/assert";
import { hooks } from "../../../lib/audit/hooks.ts";
import type { Findings } from "../../../lib/session/facts.ts";
import type { UploadFacts } from "../../../lib/session/rows/upload.ts";
import type { Outcome } from "../../../lib/session/observer.ts";
import { StorageError } from "../../../lib/storage/errors.ts";
import { MemoryStorage } from "../../../lib/storage/memory/memory.ts";
import type { Storage } from "../../../lib/storage/storage.ts";
import { later } from "../../support/later.ts";
import { ask, Flag } from "../../support/raw.ts";
import { Dialogue } from "../../support/wire_session.ts";

const { READ, WRITE, CREAT, TRUNC, APPEND, EXCL } = Flag;

/** Of "0123456789", by sha256sum. */
const DIGITS = {
  algorithm: "sha256",
  hex: "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882",
};

/** Of nothing. */
const NOTHING = {
  algorithm: "sha256",
  hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
};

const OUT_OF_ORDER = "not written in order from its beginning";

/** Lends a session on `/old`, which has 20 bytes; returns what each CLOSE has found. */
async function found(
  uploads: UploadFacts | undefined,
  use: (dialogue: Dialogue) => Promise<unknown>,
  wrap: (storage: Storage) => Storage = (storage) => storage,
): Promise<Findings[]> {
  const told: Outcome[] = [];
  const storage = new MemoryStorage();
  const maker = new Dialogue(storage);
  const old = await maker.handle(ask.open("/old", WRITE | CREAT));
  await maker.ask(ask.write(old, 0, "x".repeat(20)));
  await maker.ask(ask.close(old));
  const observers = [hooks({ after: { close: (_operation, outcome) => void told.push(outcome) } })];
  const dialogue = new Dialogue(wrap(storage), { uploads, observers });
  await use(dialogue);
  await dialogue.end();
  return told.map(({ size, digest, unhashed }) =>
    Object.fromEntries(
      Object.entries({ size, digest, unhashed }).filter(([, value]) => value !== undefined),
    )
  );
}

/** Opens a file, writes pieces of "0123456789" in this order, and closes it. */
function written(
  path: string,
  flags: number,
  pieces: readonly (readonly [from: number, to: number])[],
) {
  return async (dialogue: Dialogue) => {
    const handle = await dialogue.handle(ask.open(path, flags));
    for (const [from, to] of pieces) {
      await dialogue.ask(ask.write(handle, from, "0123456789".slice(from, to)));
    }
    await dialogue.ask(ask.close(handle));
  };
}

const SHA256 = { hash: "sha256" } as const;
const NEW = WRITE | CREAT | TRUNC;

for (
  const [how, wrap] of [
    ["at once", (storage: Storage) => storage],
    ["by promises", (storage: Storage) => later(storage)],
  ] as const
) {
  Deno.test(`a file that is written in order has its digest when it is closed (${how})`, async () => {
    for (
      const [path, flags] of [["/new", NEW], ["/old", NEW], ["/new", WRITE | CREAT | EXCL]] as const
    ) {
      const use = written(path, flags, [[0, 4], [4, 4], [4, 10]]);
      assertEquals(await found(SHA256, use, wrap), [{ size: 10, digest: DIGITS }]);
    }
  });

  Deno.test(`writes that overtake each other are hashed in their order (${how})`, async () => {
    const use = written("/new", NEW, [[2, 4], [8, 10], [4, 8], [0, 2]]);
    assertEquals(await found(SHA256, use, wrap), [{ size: 10, digest: DIGITS }]);
  });

  Deno.test(`no digest is told of a file that was not written in order (${how})`, async () => {
    const reasons: [string, number, [number, number][], number, string][] = [
      ["/old", WRITE, [[0, 10]], 20, OUT_OF_ORDER],
      ["/new", NEW, [[2, 10]], 10, OUT_OF_ORDER],
      ["/new", NEW, [[0, 10], [3, 5]], 10, "written twice"],
      ["/new", NEW, [[5, 10], [5, 10], [0, 5]], 10, "written twice"],
      ["/new", NEW, [[3, 10], [0, 5]], 10, OUT_OF_ORDER],
      ["/old", WRITE | APPEND, [[0, 10]], 30, "appended to"],
    ];
    for (const [path, flags, pieces, size, unhashed] of reasons) {
      const use = written(path, flags, pieces);
      assertEquals(await found(SHA256, use, wrap), [{ size, unhashed }], unhashed);
    }
  });
}

Deno.test("an empty upload has a digest, and a file that was only opened has nothing", async () => {
  assertEquals(await found(SHA256, written("/new", NEW, [])), [{ size: 0, digest: NOTHING }]);
  assertEquals(await found(SHA256, written("/old", WRITE, [])), [{}]);
  assertEquals(await found(SHA256, written("/old", READ, [])), [{}]);
});

Deno.test("a file that is overwritten and then cut to its new size has its digest, as scp does", async () => {
  for (
    const [size, expected] of [[10, { digest: DIGITS }], [9, { unhashed: "cut off" }]] as const
  ) {
    const closed = await found(SHA256, async (dialogue) => {
      const handle = await dialogue.handle(ask.open("/old", WRITE | CREAT));
      await dialogue.ask(ask.write(handle, 0, "0123456789"));
      await dialogue.ask(ask.fsetstat(handle, { size }));
      await dialogue.ask(ask.close(handle));
    });
    assertEquals(closed, [{ size, ...expected }]);
  }
});

Deno.test("what another handle, or a copy, has written is not hashed for its own bytes", async () => {
  const closed = await found(SHA256, async (dialogue) => {
    const first = await dialogue.handle(ask.open("/new", NEW));
    const second = await dialogue.handle(ask.open("/new", WRITE));
    const copy = await dialogue.handle(ask.open("/copy", NEW));
    const source = await dialogue.handle(ask.open("/old", READ));
    await dialogue.ask(ask.write(first, 0, "01234"));
    await dialogue.ask(ask.write(second, 5, "56789"));
    await dialogue.ask(ask.copyData(source, 0, 0, copy, 0));
    for (const handle of [first, second, copy]) await dialogue.ask(ask.close(handle));
  });
  assertEquals(closed.slice(0, 3), [
    { size: 10, unhashed: OUT_OF_ORDER },
    { size: 10, unhashed: OUT_OF_ORDER },
    { size: 20, unhashed: "copied from another file" },
  ]);
});

Deno.test("without a hash an upload has its size alone, and nothing where it is not wanted", async () => {
  assertEquals(await found({}, written("/new", NEW, [[0, 4], [4, 10]])), [{ size: 10 }]);
  assertEquals(await found({}, written("/old", WRITE, [[0, 4]])), [{ size: 20 }]);
  assertEquals(await found({}, written("/old", WRITE | APPEND, [[0, 4]])), [{ size: 24 }]);
  assertEquals(await found(undefined, written("/new", NEW, [[0, 10]])), [{}]);
});

Deno.test("an upload that the session has to close, or cannot close, has no digest", async () => {
  const left = await found(SHA256, async (dialogue) => {
    const handle = await dialogue.handle(ask.open("/new", NEW));
    await dialogue.ask(ask.write(handle, 0, "0123456789"));
  });
  assertEquals(left, [{}]);
  const failing = (storage: Storage) => {
    const open = storage.open.bind(storage);
    storage.open = (path, options) => {
      const file = open(path, options) as ReturnType<MemoryStorage["open"]>;
      file.close = () => {
        throw new StorageError("failure");
      };
      return file;
    };
    return storage;
  };
  assertEquals(await found(SHA256, written("/new", NEW, [[0, 10]]), failing), [{}]);
});

Deno.test("a storage that cannot tell a size costs the digest, and never the upload", async () => {
  const blind = (storage: Storage) => {
    const open = storage.open.bind(storage);
    storage.open = (path, options) => {
      const file = open(path, options) as ReturnType<MemoryStorage["open"]>;
      file.stat = () => {
        throw new StorageError("failure");
      };
      return file;
    };
    return storage;
  };
  assertEquals(await found(SHA256, written("/new", NEW, [[0, 10]]), blind), [
    { unhashed: "the storage does not tell its size" },
  ]);
});

Deno.test("what waits for bytes before it is bounded", async () => {
  const piece = new Uint8Array(256 * 1024 - 100);
  const count = 66;
  const closed = await found(SHA256, async (dialogue) => {
    const handle = await dialogue.handle(ask.open("/new", NEW));
    for (let index = count - 1; index >= 0; index--) {
      await dialogue.ask(ask.write(handle, index * piece.length, piece));
    }
    await dialogue.ask(ask.close(handle));
  });
  assertEquals(closed, [{ size: count * piece.length, unhashed: OUT_OF_ORDER }]);
});
