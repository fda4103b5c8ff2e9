import { assert, assertEquals } from "@std/assert";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { ask, bytesOf, type Reply, type Request, textOf } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";
import { Gate, nextTurn, randomWait, seeded, waiting } from "./waiting_storage.ts";

/** A storage with a directory `/d` of many long names, and the files `/a`, `/b`, `/c`. */
async function filled(): Promise<Storage> {
  const storage = new MemoryStorage();
  const dialogue = new Dialogue(storage);
  await dialogue.ask(ask.mkdir("/d"));
  for (const name of ["a", "b", "c"]) {
    const handle = await dialogue.handle(ask.open(`/${name}`, 2 | 8));
    await dialogue.ask(ask.write(handle, 0, name.repeat(100_000)));
    await dialogue.ask(ask.close(handle));
  }
  for (let index = 0; index < 300; index++) {
    const name = String(index).padStart(250, "n");
    await dialogue.ask(ask.close(await dialogue.handle(ask.open(`/d/${name}`, 2 | 8))));
  }
  return storage;
}

function idOf(reply: Reply): number {
  assert("id" in reply);
  return reply.id;
}

/** Tells a reply so far as it does not depend on a handle. */
function tell(reply: Reply): string {
  switch (reply.kind) {
    case "data":
      return `${reply.id} data ${reply.data.length} ${textOf(reply.data.subarray(0, 1))}`;
    case "status":
      return `${reply.id} status ${reply.code} ${reply.message}`;
    case "attrs":
      return `${reply.id} attrs ${reply.attrs.size}`;
    case "name":
      return `${reply.id} ${reply.names.length} names, ${reply.names[0]?.filename.slice(-3)}…`;
    default:
      return `${idOf(reply)} ${reply.kind}`;
  }
}

/** A conversation in one go: opens three files and a directory and uses them at random. */
function requests(seed: number, handles: readonly Uint8Array[], directory: Uint8Array): Request[] {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  return Array.from({ length: 400 }, (_, index): Request => {
    const handle = pick(handles);
    const kind = Math.floor(random() * 12);
    switch (kind) {
      case 0:
        return ask.write(handle, Math.floor(random() * 100) * 10, `w${index}`);
      case 1:
        return ask.fstat(handle);
      case 2:
        return ask.stat(pick(["/a", "/b", "/c", "/missing"]));
      case 3:
        return ask.readdir(directory);
      case 4:
        return ask.mkdir(`/new${index % 20}`);
      case 5:
        return ask.rmdir(`/new${index % 20}`);
      case 6:
        return ask.rename(`/new${index % 20}`, `/new${(index + 1) % 20}`);
      case 7:
        return ask.fsetstat(handle, { size: 50_000 + index });
      case 8:
        return ask.realpath(pick(["/d/..", "/a", "/missing/x"]));
      default:
        return ask.read(handle, Math.floor(random() * 50) * 1000, 1000);
    }
  });
}

/** What a conversation comes to. */
async function converse(storage: Storage, seed: number): Promise<string[]> {
  const dialogue = new Dialogue(storage);
  const handles: Uint8Array[] = [];
  for (const name of ["a", "b", "c"]) {
    handles.push(await dialogue.handle(ask.open(`/${name}`, 1 | 2)));
  }
  const directory = await dialogue.handle(ask.opendir("/d"));
  const replies = await dialogue.all(...requests(seed, handles, directory));
  await dialogue.end();
  return replies.map(tell);
}

Deno.test("Session answers in the order of the requests, however long each takes", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const replies = await converse(waiting(await filled(), randomWait(seed)), seed);
    const ids = replies.map((line) => Number.parseInt(line));
    assertEquals(ids, Array.from(ids, (_, index) => ids[0]! + index));
    assertEquals(ids.length, 400);
  }
});

Deno.test("Session gives a slow storage's client the answers of a fast one", async () => {
  for (let seed = 11; seed <= 15; seed++) {
    // Looks by path do not wait for a WRITE that is under way, so only sizes are left to chance.
    const isCertain = (line: string) => !/ attrs /.test(line);
    const slow = await converse(waiting(await filled(), randomWait(seed)), seed);
    const fast = await converse(await filled(), seed);
    assertEquals(slow.filter(isCertain), fast.filter(isCertain));
  }
});

Deno.test("Session lets READs of one handle overlap, and answers them in order", async () => {
  const gate = new Gate((what) => what.startsWith("read "));
  const dialogue = new Dialogue(waiting(await filled(), gate.wait));
  const handle = await dialogue.handle(ask.open("/a", 1));
  for (let index = 0; index < 3; index++) {
    assertEquals(dialogue.send(ask.read(handle, index, index + 1)), undefined);
  }
  assertEquals(gate.held, ["read /a", "read /a", "read /a"]);
  await gate.release(2);
  await gate.release(1);
  assertEquals(dialogue.take(), []);
  await gate.release();
  const replies = dialogue.take();
  assertEquals(replies.map((reply) => reply.kind === "data" && reply.data.length), [1, 2, 3]);
  await dialogue.end();
});

Deno.test("Session answers what is done before what waits, where the order does not count", async () => {
  const gate = new Gate((what) => what.startsWith("read "));
  const dialogue = new Dialogue(waiting(await filled(), gate.wait), { anyOrder: true });
  const [one, other] = [
    await dialogue.handle(ask.open("/a", 1)),
    await dialogue.handle(ask.open("/b", 1)),
  ];
  dialogue.send(ask.read(one, 0, 1)); // 3
  dialogue.send(ask.stat("/a")); // 4
  dialogue.send(ask.read(other, 0, 2)); // 5
  dialogue.send(ask.stat("/missing")); // 6
  await nextTurn();
  assertEquals(dialogue.take().map(tell).sort(), ["4 attrs 100000", "6 status 2 No such file"]);
  await gate.release(1);
  assertEquals(dialogue.take().map(tell), ["5 data 2 b"]);
  assertEquals(dialogue.session.busy, true);
  const closing = dialogue.send(ask.close(one));
  await nextTurn();
  assertEquals(dialogue.take(), [], "CLOSE did not wait for a READ of its handle");
  await gate.release();
  await closing;
  await dialogue.session.idle();
  assertEquals(dialogue.take().map(idOf), [3, 7]);
  await dialogue.end();
});

Deno.test("Session takes nothing beside a request that changes the tree", async () => {
  const changing: [string, Request][] = [
    ["mkdir", ask.mkdir("/x")],
    ["rmdir", ask.rmdir("/d")],
    ["remove", ask.remove("/b")],
    ["rename", ask.rename("/b", "/x")],
    ["symlink", ask.symlink("b", "/x")],
    ["setAttrs", ask.setstat("/b", { permissions: 0o600 })],
    ["posixRename", ask.posixRename("/b", "/c")],
    ["hardLink", ask.hardlink("/b", "/x")],
    ["open /b", ask.open("/b", 2)],
  ];
  for (const [what, request] of changing) {
    // What is under way uses a handle, and what changes the tree a path.
    const gate = new Gate((held) => held.startsWith(what) || held === "read /a");
    const dialogue = new Dialogue(waiting(await filled(), gate.wait));
    const handle = await dialogue.handle(ask.open("/a", 1));
    assertEquals(dialogue.send(ask.read(handle, 0, 1)), undefined);
    let taken = false;
    const wait = dialogue.send(request);
    assert(wait !== undefined, `${what} did not wait for what is under way`);
    wait.then(() => taken = true);
    await nextTurn();
    assertEquals(gate.held, ["read /a"], `${what} began beside another request`);
    await gate.release();
    assertEquals(gate.held.length, 1, `${what} did not begin`);
    assertEquals(taken, false, `${what} let another request in`);
    await gate.releaseAll();
    await wait;
    assertEquals(dialogue.take().map(idOf), [2, 3]);
    await dialogue.end();
  }
});

Deno.test("Session has CLOSE wait for what uses its handle", async () => {
  const gate = new Gate((what) => what.startsWith("read ") || what.startsWith("write "));
  const dialogue = new Dialogue(waiting(await filled(), gate.wait));
  for (const [pflags, use] of [[1, "read"], [2, "write"]] as const) {
    const handle = await dialogue.handle(ask.open("/a", pflags));
    dialogue.send(use === "read" ? ask.read(handle, 0, 10) : ask.write(handle, 0, "x"));
    const closing = dialogue.send(ask.close(handle));
    assert(closing !== undefined);
    await nextTurn();
    assertEquals(dialogue.take(), []);
    await gate.release();
    await closing;
    await dialogue.session.idle();
    const [used, closed] = dialogue.take();
    assertEquals(used?.kind, use === "read" ? "data" : "status");
    assert(closed?.kind === "status" && closed.code === 0);
  }
  await dialogue.end();
});

Deno.test("Session has FSTAT and fsync wait for the WRITEs before them", async () => {
  const gate = new Gate((what) => what.startsWith("write "));
  const dialogue = new Dialogue(waiting(await filled(), gate.wait));
  const handle = await dialogue.handle(ask.open("/new", 2 | 8));
  dialogue.send(ask.write(handle, 0, "0123456789"));
  const looking = dialogue.send(ask.fstat(handle));
  assert(looking !== undefined);
  await gate.release();
  await looking;
  const syncing = dialogue.send(ask.fsync(handle));
  await syncing;
  await dialogue.session.idle();
  const [, looked, synced] = dialogue.take();
  assert(looked?.kind === "attrs");
  assertEquals(looked.attrs.size, 10n);
  assert(synced?.kind === "status" && synced.code === 0);
  await dialogue.end();
});

Deno.test("Session keeps the order of WRITEs that go to the end of a file", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const storage = new MemoryStorage();
    const dialogue = new Dialogue(waiting(storage, randomWait(seed)));
    const handle = await dialogue.handle(ask.open("/log", 2 | 4 | 8));
    const lines = Array.from({ length: 50 }, (_, index) => `line ${index}\n`);
    await dialogue.all(...lines.map((line) => ask.write(handle, 0, line)));
    await dialogue.end();
    const reader = new Dialogue(storage);
    const read = await reader.ask(ask.read(await reader.handle(ask.open("/log", 1)), 0, 10_000));
    assert(read.kind === "data");
    assertEquals(textOf(read.data), lines.join(""));
    await reader.end();
  }
});

Deno.test("Session loses no entry where READDIRs are sent before an answer comes", async () => {
  // The STAT in front holds up the replies, so that each READDIR is done before any is answered.
  const gate = new Gate((what) => what.startsWith("stat "));
  const dialogue = new Dialogue(waiting(await filled(), gate.wait));
  const directory = await dialogue.handle(ask.opendir("/d"));
  dialogue.send(ask.stat("/a"));
  const sending = (async () => {
    for (let count = 0; count < 20; count++) await dialogue.send(ask.readdir(directory));
  })();
  await nextTurn();
  await nextTurn();
  await gate.releaseAll();
  await sending;
  await dialogue.session.idle();
  const names = dialogue.take().flatMap((reply) => reply.kind === "name" ? reply.names : []);
  assertEquals(names.length, 302);
  assertEquals(new Set(names.map(({ filename }) => filename)).size, 302);
  await dialogue.end();
});

Deno.test("Session does not confuse the bytes of requests that wait", async () => {
  // Each request's bytes are spoilt as soon as the session gives them back.
  const storage = new MemoryStorage();
  const dialogue = new Dialogue(waiting(storage, randomWait(3)));
  const names = Array.from({ length: 30 }, (_, index) => `/file-${index}`);
  const handles: Uint8Array[] = [];
  for (const name of names) handles.push(await dialogue.handle(ask.open(name, 2 | 8)));
  await dialogue.all(
    ...names.flatMap((name, index) => [
      ask.write(handles[index]!, 0, name),
      ask.write(handles[index]!, name.length, bytesOf("!")),
    ]),
  );
  const sizes = await dialogue.all(...names.map((name) => ask.stat(name)));
  assertEquals(
    sizes.map((reply) => reply.kind === "attrs" && Number(reply.attrs.size)),
    names.map((name) => name.length + 1),
  );
  await dialogue.end();
  const reader = new Dialogue(storage);
  for (const name of names) {
    const read = await reader.ask(ask.read(await reader.handle(ask.open(name, 1)), 0, 100));
    assertEquals(read.kind === "data" && textOf(read.data), `${name}!`);
  }
  await reader.end();
});

Deno.test("Session answers an INIT in the middle after what came before it", async () => {
  const gate = new Gate((what) => what === "stat /a");
  const dialogue = new Dialogue(waiting(await filled(), gate.wait));
  await dialogue.ask(ask.lstat("/"));
  dialogue.send(ask.stat("/a"));
  const greeting = dialogue.sendBytes(Uint8Array.of(1, 0, 0, 0, 3));
  assert(greeting !== undefined);
  await nextTurn();
  assertEquals(dialogue.take(), []);
  await gate.release();
  await greeting;
  assertEquals(dialogue.take().map(({ kind }) => kind), ["attrs", "version"]);
  await dialogue.end();
});
