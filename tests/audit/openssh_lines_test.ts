import { assertEquals } from "@std/assert";
import { opensshLines } from "../../lib/audit/openssh_lines.ts";
import { LogLevel } from "../../lib/session/log.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { ask } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";

/** A session on a storage whose files cannot be closed, and what it logs. */
function dialogueAt(level: number): { readonly dialogue: Dialogue; readonly lines: string[] } {
  const lines: string[] = [];
  const log = { level, write: (_level: number, line: string) => void lines.push(line) };
  const storage = new MemoryStorage();
  const open = storage.open.bind(storage);
  storage.open = (path, options) => {
    const file = open(path, options);
    file.close = () => {
      throw new StorageError("failure", "disk quota exceeded");
    };
    return file;
  };
  return { dialogue: new Dialogue(storage, { observers: [opensshLines(log)] }), lines };
}

Deno.test("opensshLines() logs a forced close, and no status, as none is sent", async () => {
  const { dialogue, lines } = dialogueAt(LogLevel.INFO);
  const first = await dialogue.handle(ask.open("/a", 2 | 8));
  await dialogue.handle(ask.open("/b", 2 | 8));
  await dialogue.ask(ask.write(first, 0, "12345"));
  await dialogue.ask(ask.close(first));
  await dialogue.handle(ask.opendir("/"));
  await dialogue.end();
  assertEquals(lines, [
    'open "/a" flags WRITE,CREATE mode 0666',
    'open "/b" flags WRITE,CREATE mode 0666',
    'close "/a" bytes read 0 written 5',
    "sent status Failure: disk quota exceeded",
    'opendir "/"',
    'forced close "/b" bytes read 0 written 0',
    'forced closedir "/"',
  ]);
});

Deno.test("opensshLines() logs failures at levels that log nothing else of a request", async () => {
  const { dialogue, lines } = dialogueAt(LogLevel.INFO);
  await dialogue.ask(ask.stat("/none"));
  await dialogue.ask(ask.stat("/"));
  assertEquals(lines, ["sent status No such file"]);
  const quiet = dialogueAt(LogLevel.ERROR);
  await quiet.dialogue.ask(ask.stat("/none"));
  await quiet.dialogue.ask(ask.mkdir("/d"));
  assertEquals(quiet.lines, []);
  await dialogue.end();
  await quiet.dialogue.end();
});

Deno.test("opensshLines() says at VERBOSE why a storage or a hook has refused", async () => {
  const reasons = ["the archive is kept", "", "permission denied"];
  const told: Record<number, string[]> = {};
  for (const level of [LogLevel.INFO, LogLevel.VERBOSE]) {
    const lines: string[] = told[level] = [];
    const log = { level, write: (_level: number, line: string) => void lines.push(line) };
    const storage = new MemoryStorage();
    let reason = "";
    storage.remove = () => {
      throw new StorageError("denied", reason);
    };
    storage.rmdir = () => {
      throw new StorageError("failure", "in use by the system");
    };
    const dialogue = new Dialogue(storage, { observers: [opensshLines(log)] });
    for (reason of reasons) await dialogue.ask(ask.remove("/x"));
    await dialogue.ask(ask.rmdir("/x"));
    await dialogue.end();
  }
  const before = 'remove name "/x"';
  const after = "sent status Permission denied";
  const failed = ['rmdir name "/x"', "sent status Failure: in use by the system"];
  assertEquals(told, {
    [LogLevel.INFO]: [before, after, before, after, before, after, ...failed],
    [LogLevel.VERBOSE]: [
      before,
      "Refusing remove request: the archive is kept",
      after,
      before,
      after,
      before,
      after,
      ...failed,
    ],
  });
});

Deno.test("opensshLines() says what a session serves, in a line of its own before OpenSSH's", async () => {
  const lines: string[] = [];
  const log = {
    level: LogLevel.INFO,
    write: (_level: number, line: string) => void lines.push(line),
  };
  const observer = opensshLines(log);
  const session = { id: "1", user: "alice", client: "192.0.2.7", clientPort: 1 };
  await observer.opened?.({ ...session, serves: { jail: "/srv/sftp/alice" } });
  await observer.opened?.(session);
  const opened = "session opened for local user alice from [192.0.2.7]";
  assertEquals(lines, ['serving jail "/srv/sftp/alice"', opened, opened]);
});
