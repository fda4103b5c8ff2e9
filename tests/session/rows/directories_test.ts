import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { type Log, LogLevel, silentLog } from "../../../lib/session/log.ts";
import { MemoryStorage } from "../../../lib/storage/memory/memory.ts";
import type { DirEntry, Storage } from "../../../lib/storage/storage.ts";
import { later } from "../../support/later.ts";
import { ask, request } from "../../support/raw.ts";
import { Dialogue } from "../../support/wire_session.ts";
import { waiting } from "../waiting_storage.ts";

/** Some clients take no larger packet. */
const MAX_PACKET = 34_000;

/** What a listing needs beside its entries' names: replies, their entries and their sizes. */
interface Listed {
  readonly names: readonly string[];
  readonly counts: readonly number[];
  readonly largest: number;
}

async function list(storage: Storage, path = "/", log: Log = silentLog): Promise<Listed> {
  const dialogue = new Dialogue(storage, { log });
  const handle = await dialogue.handle(ask.opendir(path));
  const names: string[] = [];
  const counts: number[] = [];
  let largest = 0;
  for (;;) {
    await dialogue.sendBytes(request(ask.readdir(handle), 9).subarray(4));
    await dialogue.session.idle();
    largest = Math.max(largest, dialogue.session.replies.length);
    const [reply] = dialogue.take();
    if (reply?.kind !== "name") {
      assert(reply?.kind === "status" && reply.code === 1);
      break;
    }
    assert(reply.names.length > 0, "A NAME reply without entries ends a listing too early");
    names.push(...reply.names.map(({ filename }) => filename));
    counts.push(reply.names.length);
  }
  await dialogue.end();
  return { names, counts, largest };
}

/** A directory of these names, which gives as many at once as it is asked for. */
function directoryOf(entries: readonly DirEntry[]): Storage {
  return {
    ...waiting(new MemoryStorage(), () => Promise.resolve()),
    openDir() {
      let at = 0;
      return {
        next(limit) {
          at += limit;
          return entries.slice(at - limit, at);
        },
        close() {},
      };
    },
  };
}

function named(count: number, length: number): DirEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    name: String(index).padStart(length, "n"),
    attrs: { size: index, uid: 1, gid: 2, permissions: 0o100644, atime: 3, mtime: 4 },
  }));
}

Deno.test("READDIR gives a hundred short names at once, at least", async () => {
  const { names, counts } = await list(directoryOf(named(1000, 10)));
  assert(counts.slice(0, -1).every((count) => count >= 100), counts.join());
  assertEquals(new Set(names).size, 1000);
});

Deno.test("READDIR cuts a reply by its bytes, and loses no name", async () => {
  for (const length of [100, 150, 200, 255, 1000, 8000]) {
    const entries = named(301, length);
    const { names, largest } = await list(directoryOf(entries));
    assertEquals(names, entries.map(({ name }) => name));
    assertLessOrEqual(largest, MAX_PACKET);
  }
});

Deno.test("READDIR counts bytes, not characters", async () => {
  for (const letter of ["é", "日", "🐟"]) {
    const entries = named(200, 5).map((entry) => ({
      ...entry,
      name: `${entry.name}${letter.repeat(Math.floor(250 / new Blob([letter]).size))}`,
    }));
    const { names, largest } = await list(directoryOf(entries));
    assertEquals(names, entries.map(({ name }) => name));
    assertLessOrEqual(largest, MAX_PACKET);
  }
});

Deno.test("READDIR gives a name that is too long for one reply all the same", async () => {
  const entries = named(3, 50_000);
  assertEquals((await list(directoryOf(entries))).counts, [1, 1, 1]);
});

Deno.test("READDIR of a hundred thousand entries gives each once", async () => {
  const entries = named(100_000, 20);
  const { names, counts } = await list(directoryOf(entries));
  assertLessOrEqual(counts.length, 1000);
  assertEquals(new Set(names).size, 100_000);
});

Deno.test("READDIR leaves out what is no name, and tells the log", async () => {
  const entries = named(600, 3);
  const bad = new Map([[0, ""], [1, "/etc/passwd"], [2, "../up"], [3, "d/"]]);
  const all = entries.map((entry, index) => // All of the second reply is bad, which is not the end.
  ({ ...entry, name: index >= 256 && index < 512 ? "a/b" : bad.get(index) ?? entry.name }));
  for (const storage of [directoryOf(all), later(directoryOf(all))]) {
    const lines: string[] = [];
    const log = {
      level: LogLevel.ERROR,
      write: (_: number, line: string) => void lines.push(line),
    };
    const { names } = await list(storage, "/", log);
    assertEquals(
      names,
      all.map(({ name }) => name).filter((name) => name !== "" && !name.includes("/")),
    );
    assertEquals(lines, [
      '4 left out of the listing of "/": "" is no name',
      '256 left out of the listing of "/": "a/b" is no name',
    ]);
  }
});

Deno.test("READDIR says the end again where it is asked again", async () => {
  const dialogue = new Dialogue(new MemoryStorage());
  const handle = await dialogue.handle(ask.opendir("/"));
  assertEquals((await dialogue.ask(ask.readdir(handle))).kind, "name");
  for (let times = 0; times < 3; times++) {
    const reply = await dialogue.ask(ask.readdir(handle));
    assert(reply.kind === "status" && reply.code === 1 && reply.message === "End of file");
  }
  await dialogue.end();
});

Deno.test("READDIR reads two handles of one directory apart", async () => {
  const dialogue = new Dialogue(directoryOf(named(150, 250)));
  const [one, two] = [
    await dialogue.handle(ask.opendir("/")),
    await dialogue.handle(ask.opendir("/")),
  ];
  const seen: [string[], string[]] = [[], []];
  for (let turn = 0; turn < 10; turn++) {
    for (const [index, handle] of [one, two].entries()) {
      const reply = await dialogue.ask(ask.readdir(handle));
      if (reply.kind === "name") seen[index]!.push(...reply.names.map(({ filename }) => filename));
    }
  }
  assertEquals(seen[0].length, 150);
  assertEquals(seen[0], seen[1]);
  await dialogue.end();
});
