import { assert, assertEquals } from "@std/assert";
import { FilteredFile, FilteredStorage } from "../../lib/storage/filtered_storage.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { OpenOptions, VirtualPath } from "../../lib/storage/storage.ts";
import { ask, Code, Flag, type Reply } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";

/** A storage that decides about each file that is closed when the test says so. */
class DecidingStorage extends FilteredStorage {
  override readonly decidesOnClose = true;
  /** What waits for a decision, by path. */
  readonly waiting = new Map<VirtualPath, () => void>();

  override async open(path: VirtualPath, options: OpenOptions): Promise<FilteredFile> {
    const file = await super.open(path, options);
    const { waiting } = this;
    return new class extends FilteredFile {
      override async close(aborted: boolean): Promise<void> {
        if (options.write) await new Promise<void>((resolve) => waiting.set(path, resolve));
        await super.close(aborted);
      }
    }(file.inner);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function ids(replies: readonly Reply[]): (number | undefined)[] {
  return replies.map((reply) => "id" in reply ? reply.id : undefined);
}

const NEW = Flag.WRITE | Flag.CREAT;

Deno.test("while a CLOSE waits for a decision everything else is served, and it is answered last", async () => {
  const storage = new DecidingStorage(new MemoryStorage());
  const dialogue = new Dialogue(storage);
  const [one, two] = [
    await dialogue.handle(ask.open("/one", NEW)),
    await dialogue.handle(ask.open("/two", NEW)),
  ];
  const sent = [
    ask.write(one, 0, "1"),
    ask.close(one),
    ask.write(two, 0, "2"),
    ask.mkdir("/dir"),
    ask.close(two),
    ask.open("/three", NEW),
    ask.stat("/dir"),
  ];
  for (const request of sent) await dialogue.send(request);
  await turn();
  // All but the two.
  assertEquals(ids(dialogue.take()), [3, 5, 6, 8, 9]);
  assert(dialogue.session.busy);
  storage.waiting.get("/two")!();
  await turn();
  assertEquals(ids(dialogue.take()), [7]);
  storage.waiting.get("/one")!();
  await dialogue.session.idle();
  assertEquals(ids(dialogue.take()), [4]);
  assert(!dialogue.session.busy);
});

Deno.test("a CLOSE that waits for a decision comes after the writes before it", async () => {
  const storage = new DecidingStorage(new MemoryStorage());
  const dialogue = new Dialogue(storage);
  const handle = await dialogue.handle(ask.open("/one", NEW));
  const sent = [ask.write(handle, 0, "1"), ask.write(handle, 1, "2"), ask.close(handle)];
  for (const request of sent) await dialogue.send(request);
  await turn();
  assertEquals(ids(dialogue.take()), [2, 3]);
  storage.waiting.get("/one")!();
  const replies = await dialogue.all(ask.fstat(handle));
  assertEquals(ids(replies).sort(), [4, 5]);
  const after = replies.find((reply) => "id" in reply && reply.id === 5);
  assert(after?.kind === "status" && after.code !== Code.OK);
});

Deno.test("no more than eight decisions are waited for at once", async () => {
  const storage = new DecidingStorage(new MemoryStorage());
  const dialogue = new Dialogue(storage);
  const names = Array.from({ length: 9 }, (_, index) => `/${index}`);
  const handles: Uint8Array[] = [];
  for (const name of names) handles.push(await dialogue.handle(ask.open(name, NEW)));
  for (const handle of handles.slice(0, 8)) {
    assertEquals(dialogue.send(ask.close(handle)), undefined);
  }
  const ninth = dialogue.send(ask.close(handles[8]!));
  await turn();
  assertEquals(storage.waiting.size, 8);
  storage.waiting.get("/3")!();
  await ninth;
  await turn();
  assertEquals(storage.waiting.size, 9);
  for (const decide of storage.waiting.values()) decide();
  await dialogue.session.end();
});
