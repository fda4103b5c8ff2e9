import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { boundedSecond, FARTHEST_SECOND } from "../../lib/attrs.ts";
import { serve } from "../../lib/serve/serve.ts";
import { LogLevel } from "../../lib/session/log.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { Storage, StorageExtensions } from "../../lib/storage/storage.ts";
import { ask, init, type Request, request, str, u32, u64 } from "../support/raw.ts";
import { Dialogue, Line } from "../support/wire_session.ts";

/** What one method answers, whatever is asked. */
interface Wrong {
  readonly method: string;
  readonly answer: unknown;
  /** What the log tells of it. */
  readonly told: string;
}

const GOOD = { size: 1, permissions: 0o100644, uid: 1, gid: 2, atime: 3, mtime: 4 };

const WRONG_ATTRS: readonly (readonly [attrs: unknown, told: string])[] = [
  [undefined, "wrong answer: undefined"],
  [null, "wrong answer: null"],
  [7, "wrong answer: 7"],
  [{ then: () => {} }, "wrong answer: what has a then() and is no Promise"],
  [{ ...GOOD, size: 5n }, "wrong size: 5n"],
  [{ ...GOOD, size: -1 }, "wrong size: -1"],
  [{ ...GOOD, size: NaN }, "wrong size: NaN"],
  [{ ...GOOD, size: 1.5 }, "wrong size: 1.5"],
  [{ ...GOOD, size: Infinity }, "wrong size: Infinity"],
  [{ ...GOOD, size: "5" }, 'wrong size: "5"'],
  [{ ...GOOD, size: null }, "wrong size: null"],
  [{ ...GOOD, mtime: 1_732_868_400_000 }, "wrong mtime: 1732868400000 (whole seconds since 1970"],
  [{ ...GOOD, mtime: new Date(0) }, "wrong mtime: an object of the kind Date"],
  [{ ...GOOD, atime: 1.5 }, "wrong atime: 1.5"],
  [{ ...GOOD, atime: NaN }, "wrong atime: NaN"],
  [{ ...GOOD, mtime: 5n }, "wrong mtime: 5n"],
  [{ ...GOOD, permissions: -1 }, "wrong permissions: -1"],
  [{ ...GOOD, permissions: "0644" }, 'wrong permissions: "0644"'],
  [{ ...GOOD, uid: 2 ** 32 }, "wrong uid: 4294967296"],
  [{ ...GOOD, gid: 1.5 }, "wrong gid: 1.5"],
  [{ ...GOOD, gid: 5n }, "wrong gid: 5n"],
  [{ ...GOOD, extended: [["a", "text"]] }, "wrong extended"],
  [{ ...GOOD, extended: {} }, "wrong extended"],
];

const FIGURES = Object.fromEntries(
  "bsize frsize blocks bfree bavail files ffree favail fsid flag namemax".split(" ")
    .map((name) => [name, 1n]),
);

const WRONGS: readonly Wrong[] = [
  ...["stat", "lstat", "fstat"].flatMap((method) =>
    WRONG_ATTRS.map(([answer, told]) => ({ method, answer, told }))
  ),
  ...WRONG_ATTRS.map(([attrs, told]) => ({
    method: "next",
    answer: [{ name: "good", attrs: GOOD }, { name: "bad", attrs }],
    told,
  })),
  ...[undefined, "a", [undefined], [{ attrs: GOOD }], [{ name: 5, attrs: GOOD }]].map((answer) => ({
    method: "next",
    answer,
    told: "next() of the storage answered a wrong",
  })),
  ...["links", "owner", "group", "longname"].map((what) => ({
    method: "next",
    answer: [{ name: "a", attrs: GOOD, [what]: {} }],
    told: `wrong ${what}`,
  })),
  ...[undefined, null, -5, 1.5, NaN, "5", 5n, 65].flatMap((answer) => [
    { method: "read", answer, told: "read() of the storage answered a wrong count" },
    { method: "read for a sum", answer: answer === 65 ? 2 ** 20 : answer, told: "wrong count" },
  ]),
  ...[undefined, -1, 1.5, "5", 5n].map((answer) => ({
    method: "copyData",
    answer,
    told: "copyData() of the storage answered a wrong count",
  })),
  ...["realPath", "readLink"].flatMap((method) =>
    [undefined, 5, {}].map((answer) => ({ method, answer, told: `${method}() of the storage` }))
  ),
  ...[undefined, {}, { ...FIGURES, bfree: 5 }, { ...FIGURES, files: -1n }].map((answer) => ({
    method: "statVfs",
    answer,
    told: "statVfs() of the storage answered a wrong",
  })),
  ...[undefined, {}, { users: ["a"], groups: [] }, { users: [5], groups: ["b"] }].map((answer) => ({
    method: "ownerNames",
    answer,
    told: "ownerNames() of the storage answered a wrong",
  })),
  ...["open", "openDir"].flatMap((method) =>
    [undefined, null, 5].map((answer) => ({ method, answer, told: `${method}() of the storage` }))
  ),
];

/** How to have a method asked, on handle 0 where it needs one. */
const ASKED: Readonly<Record<string, { readonly opened?: Request; readonly sent: Request }>> = {
  stat: { sent: ask.stat("/a") },
  lstat: { sent: ask.lstat("/a") },
  fstat: { opened: ask.open("/a", 1), sent: ask.fstat(u32(0)) },
  next: { opened: ask.opendir("/"), sent: ask.readdir(u32(0)) },
  read: { opened: ask.open("/a", 1), sent: ask.read(u32(0), 0, 64) },
  "read for a sum": {
    sent: ask.extended("check-file-name", str("/a"), str("md5"), u64(0), u64(0), u32(0)),
  },
  copyData: {
    opened: ask.open("/a", 1),
    sent: ask.extended("copy-data", str(u32(0)), u64(0), u64(0), str(u32(1)), u64(0)),
  },
  realPath: { sent: ask.realpath("/a") },
  readLink: { sent: ask.readlink("/a") },
  statVfs: { sent: ask.extended("statvfs@openssh.com", str("/")) },
  ownerNames: {
    sent: ask.extended("users-groups-by-id@openssh.com", str(u32(1)), str(u32(2))),
  },
  open: { sent: ask.open("/a", 1) },
  openDir: { sent: ask.opendir("/") },
};

/** A storage of which one method answers wrongly. */
function wrongStorage({ method, answer }: Wrong, later: boolean): Storage {
  const reply = () => (later ? Promise.resolve(answer) : answer) as never;
  const only = (name: string, right: unknown) => name === method ? reply() : right as never;
  const memory = new MemoryStorage();
  const readsWrong = method.startsWith("read ") || method === "read";
  const file = {
    read: () => readsWrong ? reply() : 0,
    write: () => {},
    stat: () => only("fstat", GOOD),
    setAttrs: () => {},
    close: () => {},
  };
  const extensions: StorageExtensions = {
    copyData: () => only("copyData", 0),
    statVfs: () => only("statVfs", FIGURES),
    ownerNames: () => only("ownerNames", { users: ["a"], groups: ["b"] }),
  };
  return Object.assign(Object.create(memory) as Storage, {
    extensions,
    open: () => only("open", file),
    openDir: () => only("openDir", { next: () => reply(), close: () => {} }),
    stat: () => only("stat", GOOD),
    lstat: () => only("lstat", GOOD),
    realPath: () => only("realPath", "/a"),
    readLink: () => only("readLink", "a"),
    close: () => {},
  });
}

for (const later of [false, true]) {
  Deno.test(`a storage's wrong answer is logged, and the client gets Failure and nothing of it, ${later ? "by a promise" : "at once"}`, async () => {
    for (const wrong of WRONGS) {
      // By a promise it would be a promise that never comes.
      if (later && wrong.method !== "next" && wrong.told.includes("then()")) continue;
      const what = `${wrong.method} answers ${Deno.inspect(wrong.answer)}`;
      const lines: string[] = [];
      const log = {
        level: LogLevel.ERROR,
        write: (_level: number, line: string) => void lines.push(line),
      };
      const dialogue = new Dialogue(wrongStorage(wrong, later), { log });
      const { opened, sent } = ASKED[wrong.method]!;
      if (opened !== undefined) await dialogue.handle(opened);
      if (wrong.method === "copyData") await dialogue.handle(ask.open("/b", 2));
      const reply = await dialogue.ask(sent);
      assert(reply.kind === "status", what);
      assertEquals({ code: reply.code, message: reply.message }, { code: 4, message: "Failure" });
      assertEquals(lines.length, 1, what);
      assertStringIncludes(lines[0]!, wrong.told, what);
      // The session goes on, and nothing is left of the answer.
      const next = await dialogue.ask(ask.extended("limits@openssh.com"));
      assertEquals(next.kind, "extended", what);
      await dialogue.end();
    }
  });
}

Deno.test("a storage that answers wrongly by a promise ends no process", async () => {
  const wrong = { method: "stat", answer: { size: 5n }, told: "" };
  const line = new Line([init(), request(ask.stat("/a"), 1), request(ask.lstat("/a"), 2)]);
  assertEquals(await serve(wrongStorage(wrong, true), { transport: line }), 0);
  assertEquals(line.replies.map(({ kind }) => kind), ["version", "status", "attrs"]);
});

Deno.test("nothing goes out of a reply that cannot be written to its end", async () => {
  for (const later of [false, true]) {
    let looks = 0;
    const attrs = {
      ...GOOD,
      // Right as long as it is looked at, and wrong when it is written.
      get mtime() {
        return ++looks === 1 ? 1 : 5n as unknown as number;
      },
    };
    const wrong = { method: "lstat", answer: attrs, told: "" };
    const dialogue = new Dialogue(wrongStorage(wrong, later));
    const replies = await dialogue.all(ask.stat("/a"), ask.lstat("/a"), ask.stat("/a"));
    assertEquals(replies.map(({ kind }) => kind), ["attrs", "status", "attrs"]);
    await dialogue.end();
  }
});

Deno.test("a time that a file system tells is bounded to what may be sent", () => {
  assertEquals([1.7e12, -1.7e12, NaN, -1, 2 ** 33].map(boundedSecond), [
    FARTHEST_SECOND,
    -FARTHEST_SECOND,
    0,
    -1,
    2 ** 33,
  ]);
});
