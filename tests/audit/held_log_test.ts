import { assertEquals } from "@std/assert";
import { HeldLog } from "../../lib/audit/held_log.ts";
import { serve } from "../../lib/serve/serve.ts";
import { type Log, LogLevel } from "../../lib/session/log.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { ask, init, request } from "../support/raw.ts";
import { Line } from "../support/wire_session.ts";

function keptLog(lines: string[]): Log {
  return { level: LogLevel.DEBUG, write: (_level, line) => void lines.push(line) };
}

Deno.test("HeldLog writes at once while it is not held, and in order when it is released", () => {
  const lines: string[] = [];
  const journal = new HeldLog(keptLog(lines));
  journal.write(3, "a");
  assertEquals(lines, ["a"]);
  journal.hold();
  journal.write(3, "b");
  journal.closed(
    { id: "one", user: "alice", client: "::1", clientPort: 1 },
    { files: 0, bytesRead: 0, bytesWritten: 0, duration: 0, exitStatus: 0 },
  );
  journal.write(3, "c");
  assertEquals(lines, ["a"]);
  journal.flush();
  assertEquals(lines, ["a", "b", "session closed for local user alice from [::1]", "c"]);
  journal.write(3, "d");
  journal.release();
  journal.write(3, "e");
  assertEquals(lines.slice(4), ["d", "e"]);
});

Deno.test("HeldLog holds a limited number of lines", () => {
  const lines: string[] = [];
  const journal = new HeldLog(keptLog(lines));
  journal.hold();
  for (let count = 0; count < 255; count++) journal.write(3, "line");
  assertEquals(lines.length, 0);
  journal.write(3, "line");
  assertEquals(lines.length, 256);
});

Deno.test("serve() sends the replies, and writes the lines before it waits for more", async () => {
  const order: string[] = [];
  const line = new Line([init(), request(ask.mkdir("/a"), 1), request(ask.mkdir("/b"), 2)]);
  const { readSync, writeSync } = { readSync: line.readSync, writeSync: line.writeSync };
  line.readSync = (into) => {
    order.push("read");
    return readSync.call(line, into);
  };
  line.writeSync = (bytes) => {
    order.push("replies");
    writeSync.call(line, bytes);
  };
  await serve(new MemoryStorage(), { transport: line, log: keptLog(order), user: "alice" });
  assertEquals(order, [
    "session opened for local user alice from [UNKNOWN]",
    ...["read", "replies", "received client version 3"],
    ...["read", "replies", 'mkdir name "/a" mode 0777'],
    ...["read", "replies", 'mkdir name "/b" mode 0777'],
    "read",
    "session closed for local user alice from [UNKNOWN]",
  ]);
});
