import { assert, assertEquals, assertLess } from "@std/assert";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { ask, Code, Fields, type Reply, type Request } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";
import { Gate, nextTurn, waiting } from "./waiting_storage.ts";

const MIB = 1024 * 1024;

/** What requests in flight may hold together, with something to spare. */
const MAX_IN_FLIGHT = 10 * MIB;

function statusOf(reply: Reply | undefined): number | undefined {
  return reply?.kind === "status" ? reply.code : undefined;
}

/** Sends requests until the session wants no more, and returns how many that were. */
async function fill(dialogue: Dialogue, request: Request, most: number): Promise<number> {
  for (let count = 1; count <= most; count++) {
    const wait = dialogue.send(request);
    if (wait === undefined) continue;
    wait.catch(() => undefined);
    await nextTurn();
    return count;
  }
  return Infinity;
}

/** A session that has become asynchronous, with `/file` open as its first handle. */
async function slowDialogue(gate: Gate): Promise<{ dialogue: Dialogue; handle: Uint8Array }> {
  const dialogue = new Dialogue(waiting(new MemoryStorage(), gate.wait));
  const handle = await dialogue.handle(ask.open("/file", 1 | 2 | 8));
  return { dialogue, handle };
}

Deno.test("Session takes no WRITE whose data would be too much to hold", async () => {
  const gate = new Gate((what) => what.startsWith("write "));
  const { dialogue, handle } = await slowDialogue(gate);
  const taken = await fill(dialogue, ask.write(handle, 0, new Uint8Array(32_768)), 10_000);
  assertLess(taken * 32_768, MAX_IN_FLIGHT);
  await gate.releaseAll();
  await dialogue.session.idle();
  assertEquals(dialogue.take().length, taken);
  await dialogue.end();
});

Deno.test("Session takes no READ whose reply would be too much to hold", async () => {
  const gate = new Gate((what) => what.startsWith("read "));
  const { dialogue, handle } = await slowDialogue(gate);
  const taken = await fill(dialogue, ask.read(handle, 0, 0xffffffff), 10_000);
  assertLess(taken * 261_120, MAX_IN_FLIGHT);
  await gate.releaseAll();
  await dialogue.session.idle();
  assertEquals(dialogue.take().length, taken);
  await dialogue.end();
});

Deno.test("Session takes no further look-up when thousands are under way", async () => {
  const gate = new Gate((what) => what.startsWith("stat "));
  const { dialogue } = await slowDialogue(gate);
  assertLess(await fill(dialogue, ask.stat("/file"), 100_000), 10_000);
  await gate.releaseAll();
  await dialogue.end();
});

Deno.test("Session takes no check-file whose buffer would be too much to hold", async () => {
  const gate = new Gate((what) => what.startsWith("open "));
  const dialogue = new Dialogue(waiting(new MemoryStorage(), gate.wait));
  await dialogue.ask(ask.stat("/"));
  const taken = await fill(dialogue, ask.checkFileName("/missing", "md5"), 10_000);
  assertLess(taken * 256 * 1024, MAX_IN_FLIGHT);
  await gate.releaseAll();
  await dialogue.end();
});

Deno.test("Session opens no more handles than it says", async () => {
  const dialogue = new Dialogue(new MemoryStorage(), { maxHandles: 3 });
  const limits = await dialogue.ask(ask.limits());
  assert(limits.kind === "extended");
  const fields = new Fields(limits.body);
  assertEquals([fields.u64(), fields.u64(), fields.u64(), fields.u64()], [
    262_144n,
    261_120n,
    261_120n,
    3n,
  ]);
  const file = await dialogue.handle(ask.open("/a", 2 | 8));
  await dialogue.handle(ask.opendir("/"));
  await dialogue.handle(ask.open("/b", 2 | 8));
  for (const request of [ask.open("/c", 2 | 8), ask.opendir("/")]) {
    const refused = await dialogue.ask(request);
    assert(refused.kind === "status");
    assertEquals([refused.code, refused.message], [
      Code.FAILURE,
      "Failure: too many open handles",
    ]);
  }
  assertEquals(statusOf(await dialogue.ask(ask.stat("/c"))), Code.NO_SUCH_FILE);
  await dialogue.ask(ask.close(file));
  await dialogue.handle(ask.open("/c", 2 | 8));
  await dialogue.end();
});

Deno.test("Session opens no more handles than it says, also where OPENs overlap", async () => {
  const gate = new Gate((what) => /^open/.test(what));
  const storage = new MemoryStorage();
  const maker = new Dialogue(storage);
  await maker.ask(ask.close(await maker.handle(ask.open("/file", 2 | 8))));
  const dialogue = new Dialogue(waiting(storage, gate.wait), { maxHandles: 3 });
  await dialogue.ask(ask.stat("/"));
  for (let count = 0; count < 10; count++) {
    dialogue.send(count % 2 === 0 ? ask.open("/file", 1) : ask.opendir("/"));
  }
  dialogue.send(ask.open("/missing", 1));
  assertEquals(gate.held.length, 3);
  await gate.releaseAll();
  await dialogue.session.idle();
  const kinds = dialogue.take().map(({ kind }) => kind);
  assertEquals(kinds.filter((kind) => kind === "handle").length, 3);
  await dialogue.end();
});

Deno.test("Session gives the place of an OPEN that failed to the next", async () => {
  const dialogue = new Dialogue(waiting(new MemoryStorage(), () => Promise.resolve()), {
    maxHandles: 1,
  });
  for (let count = 0; count < 5; count++) {
    assertEquals(statusOf(await dialogue.ask(ask.open("/missing", 1))), Code.NO_SUCH_FILE);
    assertEquals(statusOf(await dialogue.ask(ask.opendir("/missing"))), Code.NO_SUCH_FILE);
  }
  await dialogue.handle(ask.opendir("/"));
  await dialogue.end();
});

Deno.test("Session never gives a handle a second time", async () => {
  const dialogue = new Dialogue(new MemoryStorage());
  const seen = new Set<string>();
  for (let count = 0; count < 2000; count++) {
    const handle = await dialogue.handle(
      count % 2 === 0 ? ask.open("/file", 1 | 2 | 8) : ask.opendir("/"),
    );
    assertEquals(handle.length, 4);
    seen.add(handle.join());
    await dialogue.ask(ask.close(handle));
  }
  assertEquals(seen.size, 2000);
  await dialogue.end();
});

Deno.test("Session does not take a stale handle for another file's", async () => {
  const dialogue = new Dialogue(new MemoryStorage());
  const stale = await dialogue.handle(ask.open("/one", 1 | 2 | 8));
  await dialogue.ask(ask.close(stale));
  await dialogue.handle(ask.open("/two", 1 | 2 | 8));
  assertEquals(statusOf(await dialogue.ask(ask.write(stale, 0, "x"))), Code.FAILURE);
  assertEquals(statusOf(await dialogue.ask(ask.close(stale))), Code.NO_SUCH_FILE);
  const two = await dialogue.ask(ask.stat("/two"));
  assert(two.kind === "attrs");
  assertEquals(two.attrs.size, 0n);
  await dialogue.end();
});
