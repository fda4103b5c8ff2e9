import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { serve } from "../../lib/serve/serve.ts";
import { type Log, LogLevel } from "../../lib/session/log.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import type { DirHandle, FileHandle, Storage } from "../../lib/storage/storage.ts";
import { ProtocolError } from "../../lib/wire/errors.ts";
import { ask, concat, init, packet, request, Type, u32 } from "../support/raw.ts";
import { Dialogue, Line } from "../support/wire_session.ts";
import { randomWait, waiting } from "./waiting_storage.ts";

/** A storage that writes down what is opened and closed. */
function watched(storage: Storage, events: string[]): Storage {
  return {
    ...delegated(storage),
    async open(path, options) {
      const file = await storage.open(path, options);
      events.push(`open ${path}`);
      return { ...delegatedFile(file), close: (aborted) => closeFile(file, path, aborted) };
    },
    async openDir(path) {
      const directory = await storage.openDir(path);
      events.push(`openDir ${path}`);
      const watchedDirectory: DirHandle = {
        next: (limit) => directory.next(limit),
        close: () => void events.push(`closeDir ${path}`),
      };
      return watchedDirectory;
    },
    close: () => void events.push("close"),
  };
  function closeFile(file: FileHandle, path: string, aborted: boolean) {
    events.push(`close ${path}${aborted ? " aborted" : ""}`);
    return file.close(aborted);
  }
}

function delegated(storage: Storage): Storage {
  return waiting(storage, () => Promise.resolve());
}

function delegatedFile(file: FileHandle): FileHandle {
  return {
    read: (into, position) => file.read(into, position),
    write: (data, position) => file.write(data, position),
    stat: () => file.stat(),
    setAttrs: (attrs) => file.setAttrs(attrs),
    close: (aborted) => file.close(aborted),
  };
}

/** A log that keeps its lines. */
function keptLog(lines: string[], level: number = LogLevel.DEBUG): Log {
  return { level, write: (_level, line) => void lines.push(line) };
}

const opened = concat(
  init(),
  request(ask.open("/kept", 2 | 8), 1),
  request(ask.write(u32(0), 0, "written"), 2),
  request(ask.opendir("/"), 3),
  request(ask.open("/closed", 2 | 8), 4),
  request(ask.close(u32(2)), 5),
);

/** How a session may end, and with which status. */
const endings: readonly { name: string; last: Uint8Array; status: number }[] = [
  { name: "the end of input", last: new Uint8Array(0), status: 0 },
  { name: "the end of input in a packet", last: Uint8Array.of(0, 0, 0, 9, 17), status: 0 },
  { name: "a malformed packet", last: packet(Type.STAT, u32(9)), status: 255 },
  { name: "an empty packet", last: u32(0), status: 255 },
  { name: "a packet that is too long", last: u32(262_145), status: 11 },
];

for (const { name, last, status } of endings) {
  Deno.test(`serve() closes what is open at ${name}, and ends with status ${status}`, async () => {
    for (const wait of [undefined, randomWait(status)]) {
      const events: string[] = [];
      const memory = new MemoryStorage();
      const storage = watched(memory, events);
      const line = new Line([opened, last]);
      const slow = wait === undefined ? storage : waiting(storage, wait);
      assertEquals(await serve(slow, { transport: line }), status);
      assertEquals(events, [
        "open /kept",
        "openDir /",
        "open /closed",
        "close /closed",
        "close /kept aborted",
        "closeDir /",
        "close",
      ]);
      const replies = line.replies.map((reply) => "id" in reply ? reply.id : 0);
      assertEquals(replies, [0, 1, 2, 3, 4, 5]);
      const file = memory.stat("/kept");
      assertEquals(file.size, 7);
    }
  });
}

Deno.test("serve() closes all other files where one cannot be closed", async () => {
  const events: string[] = [];
  const lines: string[] = [];
  const storage: Storage = {
    ...delegated(new MemoryStorage()),
    open: (path) => ({
      read: () => 0,
      write: () => {},
      stat: () => ({}),
      setAttrs: () => {},
      close(aborted) {
        events.push(`${path} ${aborted}`);
        if (path === "/b") throw new StorageError("failure", "no space left on device");
        if (path === "/c") throw new TypeError("bug");
        return Promise.resolve();
      },
    }),
    close() {
      events.push("storage");
      throw new Error("bug");
    },
  };
  const requests = ["/a", "/b", "/c", "/d"].map((path, id) => request(ask.open(path, 2 | 8), id));
  const line = new Line([init(), ...requests]);
  assertEquals(await serve(storage, { transport: line, log: keptLog(lines) }), 0);
  assertEquals(events, ["/a true", "/b true", "/c true", "/d true", "storage"]);
  for (const said of ["forced close failed", "end of the storage failed", "session closed for"]) {
    assert(lines.some((entry) => entry.includes(said)), said);
  }
  // What a storage answers is a reason; where a bug came from has to be told beside it.
  const [answered = "", bug = ""] = lines.filter((entry) => entry.includes("forced close failed"));
  assertMatch(answered, /forced close failed: no space left on device$/);
  assertMatch(bug, /forced close failed: TypeError: bug\n +at /);
});

Deno.test("CLOSE tells what fails at the end of an upload", async () => {
  const storage: Storage = {
    ...delegated(new MemoryStorage()),
    open: () => ({
      read: () => 0,
      write: () => {},
      stat: () => ({}),
      setAttrs: () => {},
      close: () => {
        throw new StorageError("failure", "disk quota exceeded");
      },
    }),
  };
  const dialogue = new Dialogue(storage);
  const handle = await dialogue.handle(ask.open("/x", 2 | 8));
  const closed = await dialogue.ask(ask.close(handle));
  assert(closed.kind === "status");
  assertEquals(closed.message, "Failure: disk quota exceeded");
  const again = await dialogue.ask(ask.close(handle));
  assert(again.kind === "status" && again.message === "No such file");
  await dialogue.end();
});

Deno.test("serve() ends where a request comes before INIT", async () => {
  for (const type of [3, 17, 99, 200]) {
    const line = new Line([packet(type, u32(1))]);
    assertEquals(await serve(new MemoryStorage(), { transport: line }), 255);
    assertEquals(line.replies, []);
  }
});

Deno.test("Session answers by a ProtocolError what is not SFTP", () => {
  const dialogue = new Dialogue(new MemoryStorage());
  assertThrows(
    () => dialogue.sendBytes(packet(Type.OPEN, u32(1), u32(5)).subarray(4)),
    ProtocolError,
    "packet is too short for its fields",
  );
});
