import { assertEquals, assertRejects } from "@std/assert";
import { atomic, MemoryStorage, onUpload, StorageError } from "../../lib/mod.ts";
import type { CompleteUpload } from "../../lib/mod.ts";
import { conformance } from "../../lib/testing/mod.ts";
import { ATOMIC_SKIPS, open, put, textIn } from "../atomic/support.ts";
import { ask, Code, Flag } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";

Deno.test("onUpload(memory) behaves to a session like the storage itself", async (t) => {
  // Decides later than at once, as a program would.
  const decide = () => new Promise<void>((resolve) => setTimeout(resolve));
  const fixture = () => ({ storage: onUpload(new MemoryStorage(), decide), tellsReasons: true });
  await conformance(t, fixture, ATOMIC_SKIPS);
});

Deno.test("onUpload() gives the whole content before anyone sees it, and lets it pass", async () => {
  const inner = new MemoryStorage();
  const seen: string[] = [];
  const storage = onUpload(inner, async ({ path, size, replaces, content }) => {
    const there = await assertRejectsOrText(inner, path);
    const text = await new Response(content).text();
    seen.push(`${path} ${size} ${replaces} ${text.length} ${text.slice(0, 3)} ${there}`);
  });
  await put(storage, "/file", "one".repeat(100_000));
  await put(storage, "/file", "");
  assertEquals(seen, ["/file 300000 false 300000 one nothing", "/file 0 true 0  one"]);
  assertEquals(await textIn(inner, "/file"), "");
});

async function assertRejectsOrText(storage: MemoryStorage, path: string): Promise<string> {
  try {
    return (await textIn(storage, path)).slice(0, 3);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return "nothing";
  }
}

Deno.test("onUpload() may reject: CLOSE fails with the reason, and the old content stays", async () => {
  const inner = new MemoryStorage();
  await put(inner, "/file", "old");
  const storage = onUpload(inner, ({ size }) => {
    if (size > 3) throw new StorageError("failure", "too much");
  });
  await put(storage, "/other", "new");
  const refused = await assertRejects(() => put(storage, "/file", "longer"), StorageError);
  assertEquals(refused.message, "too much");
  assertEquals(await textIn(inner, "/file"), "old");
  assertEquals(await textIn(inner, "/other"), "new");
});

Deno.test("the client of a session with onUpload() gets the reason, and is served meanwhile", async () => {
  const { promise: decided, resolve: decide } = Promise.withResolvers<void>();
  const storage = onUpload(new MemoryStorage(), async () => {
    await decided;
    throw new StorageError("failure", "not today");
  });
  const dialogue = new Dialogue(storage);
  const handle = await dialogue.handle(ask.open("/file", Flag.WRITE | Flag.CREAT));
  await dialogue.send(ask.close(handle));
  const sent = dialogue.send(ask.mkdir("/dir"));
  await sent;
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(dialogue.take().map((reply) => reply.kind === "status" && reply.code), [Code.OK]);
  decide();
  await dialogue.session.idle();
  const [refused] = dialogue.take();
  assertEquals(refused?.kind === "status" && refused.message, "Failure: not today");
});

Deno.test("onUpload() ends its stream with the decision, and needs not be read", async () => {
  let kept: CompleteUpload | undefined;
  const storage = onUpload(new MemoryStorage(), (upload) => {
    kept = upload;
  });
  await put(storage, "/file", "text");
  const reader = kept!.content.getReader();
  await assertRejects(() => reader.read(), StorageError, "decided");
});

Deno.test("onUpload() tells of no file that was only read, and of none that was broken off", async () => {
  const inner = new MemoryStorage();
  await put(inner, "/file", "text");
  const told: string[] = [];
  const storage = onUpload(inner, ({ path }) => void told.push(path));
  await (await open(storage, "/file", "read")).close(false);
  const cut = await open(storage, "/cut", "write", "create");
  await cut.write(new Uint8Array(3), 0);
  await cut.close(true);
  assertEquals(told, []);
});

Deno.test("onUpload() and atomic() refuse a storage that cannot replace a file in one step", () => {
  const storage = new MemoryStorage();
  const without = Object.assign(Object.create(storage), { extensions: {} });
  for (const wrap of [() => onUpload(without, () => {}), () => atomic(without)]) {
    try {
      wrap();
      throw new Error("it was taken");
    } catch (error) {
      assertEquals(error instanceof StorageError && error.code, "unsupported");
    }
  }
});
