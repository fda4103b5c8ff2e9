import { assert, assertEquals } from "@std/assert";
import { JsonLog } from "../../lib/audit/json_log.ts";
import { LineLog } from "../../lib/audit/line_log.ts";
import { opensshLines } from "../../lib/audit/openssh_lines.ts";
import { cutName } from "../../lib/names.ts";
import { boundedField, boundedLine, LogLevel } from "../../lib/session/log.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { ask, type Request, str, u32, u64 } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";

const PATH_MAX = 4096;

/** Every request that carries a text of the client's choice, in each place where it carries one. */
function requestsWith(text: string): Request[] {
  return [
    ask.open(text, 1),
    ask.opendir(text),
    ask.stat(text),
    ask.lstat(text),
    ask.setstat(text, { size: 1, permissions: 7, uid: 1, gid: 2, atime: 1, mtime: 2 }),
    ask.mkdir(text),
    ask.rmdir(text),
    ask.remove(text),
    ask.realpath(text),
    ask.readlink(text),
    ask.rename(text, text),
    ask.posixRename(text, text),
    ask.hardlink(text, text),
    ask.symlink(text, text),
    ask.statvfs(text),
    ask.lsetstat(text, { permissions: 7 }),
    ask.expandPath(text),
    ask.expandPath(`~${text}`),
    ask.extended("home-directory", str(text)),
    ask.extended("check-file-name", str(text), str("md5"), u64(0), u64(0), u32(0)),
    ask.extended(text),
  ];
}

/** The lines of a session that is asked all that, with a storage whose failures say it once more. */
async function linesOf(text: string, format: "text" | "json"): Promise<string[]> {
  const lines: string[] = [];
  const keep = [
    ({ line }: { line(): Uint8Array }) => void lines.push(new TextDecoder().decode(line())),
  ];
  const fail = (error: unknown) => {
    throw error;
  };
  const facts = { id: "one", user: undefined, client: undefined, clientPort: undefined };
  const log = format === "json"
    ? new JsonLog(LogLevel.DEBUG, facts, keep, fail)
    : new LineLog(LogLevel.DEBUG, keep, fail);
  const storage = new MemoryStorage();
  storage.stat = () => {
    throw new StorageError("failure", text);
  };
  storage.lstat = () => {
    throw new Error(text);
  };
  const observers = [log instanceof JsonLog ? log.observer : opensshLines(log)];
  const dialogue = new Dialogue(storage, { log, observers });
  await dialogue.all(...requestsWith(text));
  await dialogue.end();
  return lines;
}

for (const format of ["text", "json"] as const) {
  Deno.test(`no ${format} line is longer than the paths in it may be, whatever is sent`, async () => {
    for (const character of ["a", "é", "\x01", "\\", "🐟", "\u202e", "/"]) {
      const lines = await linesOf(character.repeat(100_000), format);
      assert(lines.length >= requestsWith("").length);
      // Two fields or a whole line, each byte of which may be written as six at most.
      for (const line of lines) assert(line.length < 6 * 4 * PATH_MAX + 1000, `${line.length}`);
    }
  });
}

Deno.test("a path that leads somewhere stands in the log whole", async () => {
  const path = "/" + "a".repeat(PATH_MAX - 2);
  const lines = await linesOf(path, "text");
  assert(lines.some((line) => line.includes(`"${path}"`)));
  assertEquals(boundedField(path + "xyz"), path + "x");
  assertEquals(boundedField(undefined), undefined);
  assertEquals(boundedLine("b".repeat(1_000_000)).length, 4 * PATH_MAX);
});

Deno.test("cutName() cuts no character in two", () => {
  assertEquals(cutName("ééé", 100), "ééé");
  assertEquals(cutName("ééé", 6), "ééé");
  assertEquals(cutName("ééé", 5), "éé");
  assertEquals(cutName("a🐟b", 4), "a");
  assertEquals(cutName("a🐟b", 5), "a🐟");
  assertEquals(
    cutName("\udcff\udc80\udc80\udc80\udc80\udc80\udc80", 5),
    "\udcff\udc80\udc80\udc80\udc80",
  );
  assertEquals(cutName("日本語", 0), "");
});
