import { assert, assertEquals, assertMatch } from "@std/assert";
import { JsonLog } from "../../lib/audit/json_log.ts";
import { hooks } from "../../lib/audit/hooks.ts";
import { serve } from "../../lib/serve/serve.ts";
import { LogLevel } from "../../lib/session/log.ts";
import { requestNames } from "../../lib/session/request_names.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { later } from "../support/later.ts";
import { ask, bytesOf, init, type Request, request, u32 } from "../support/raw.ts";
import { Dialogue, Line } from "../support/wire_session.ts";
import { openAll, SAMPLES, sampleTree } from "./operations.ts";

type Event = Readonly<Record<string, unknown>>;

const SESSION = { id: "one", user: "alice", client: "2001:db8::7", clientPort: 50022 };

/** A log that keeps its lines, and its lines read as JSON. */
function keptLog(level: number): { readonly log: JsonLog; readonly events: () => Event[] } {
  const lines: string[] = [];
  const log = new JsonLog(
    level,
    SESSION,
    [(entry) => void lines.push(new TextDecoder("utf-8", { fatal: true }).decode(entry.line()))],
    (error) => {
      throw error;
    },
  );
  return { log, events: () => lines.map(eventOf) };
}

/** Reads a line, and removes what differs each time. */
function eventOf(line: string): Event {
  assert(line.endsWith("}\n") && line.indexOf("\n") === line.length - 1, line);
  const { time, pid, duration, openFor, ...event } = JSON.parse(line) as Event;
  assertMatch(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
  assertEquals(pid, Deno.pid);
  for (const span of [duration, openFor]) {
    assert(span === undefined || (typeof span === "number" && span >= 0));
  }
  return event;
}

/** A log without a session of its own, and its lines as they are written. */
function plainLog(given: ConstructorParameters<typeof JsonLog>[1]) {
  const events: Event[] = [];
  const keep = [({ text }: { readonly text: string }) => void events.push(JSON.parse(text))];
  const log = new JsonLog(LogLevel.DEBUG, given, keep, (error) => {
    throw error;
  });
  return { log, events };
}

Deno.test("JsonLog and hooks use one id for one session, wherever it comes from", async () => {
  for (const given of [{}, SESSION]) {
    for (const id of [undefined, "mine"]) {
      const { log, events } = plainLog(given);
      const heard: string[] = [];
      const told = hooks({
        opened: (session) => void heard.push(session.id),
        after: { any: ({ session }) => void heard.push(session.id) },
        closed: (session) => void heard.push(session.id),
      });
      const line = new Line([init(), request(ask.stat("/"), 1)]);
      await serve(new MemoryStorage(), { transport: line, log, observers: [told], id });
      const ids = new Set([...heard, ...events.map(({ session }) => session)]);
      assertEquals([...ids].length, 1, Deno.inspect(events));
      if (id !== undefined) assertEquals([...ids], [id]);
      // Facts that only the log knows stay.
      assertEquals(
        events.map(({ user }) => user),
        events.map(() => (given as Partial<typeof SESSION>).user),
      );
    }
  }
});

Deno.test("JsonLog tells two sessions apart that share it", async () => {
  const { log, events } = plainLog({});
  const one = new Line([init(), request(ask.stat("/one"), 1)], true);
  const two = new Line([init(), request(ask.stat("/two"), 1)], true);
  const storage = () => later(new MemoryStorage());
  const done = [
    serve(storage(), { transport: one, log, id: "1", idleTimeout: 300 }),
    serve(storage(), { transport: two, log, id: "2", idleTimeout: 300 }),
  ];
  await Promise.all(done);
  const asked = events.filter(({ event }) => event === "stat");
  assertEquals(asked.map(({ session, path }) => `${session} ${path}`).sort(), ["1 /one", "2 /two"]);
  for (const event of ["session-opened", "session-closed"]) {
    const ids = events.filter((one) => one.event === event).map(({ session }) => session);
    assertEquals(ids.sort(), ["1", "2"]);
  }
});

const ABOUT = { level: "info", session: "one", user: "alice", client: "2001:db8::7", port: 50022 };
const OK = { ...ABOUT, result: "ok", status: 0 };

const conversation: readonly Request[] = [
  ask.open("upload", 2 | 8 | 16, { permissions: 0o640 }),
  ask.write(u32(0), 0, "0123456789"),
  ask.write(u32(0), 10, "0123456789"),
  ask.close(u32(0)),
  ask.open("/upload", 1),
  ask.read(u32(1), 0, 15),
  ask.setstat("/upload", { uid: 1, gid: 2, permissions: 0o600, atime: 1, mtime: 2 }),
  ask.remove("/missing"),
  ask.stat("/missing"),
  ask.stat("/upload"),
  ask.mkdir("/d"),
  ask.mkdir("/d"),
  ask.rename("/upload", "/d/done"),
  ask.symlink("x", "/link"),
  ask.opendir("/d"),
];

const expected: readonly Event[] = [
  { ...ABOUT, event: "session-opened" },
  {
    ...OK,
    event: "open",
    path: "/upload",
    flags: ["write", "create", "truncate"],
    attrs: { mode: "0640" },
  },
  { ...OK, event: "close", path: "/upload", kind: "file", read: 0, written: 20 },
  { ...OK, event: "open", path: "/upload", flags: ["read"] },
  {
    ...OK,
    event: "setstat",
    path: "/upload",
    attrs: { mode: "0600", uid: 1, gid: 2, atime: 1, mtime: 2 },
  },
  { ...ABOUT, event: "remove", path: "/missing", result: "No such file", status: 2 },
  { ...ABOUT, event: "stat", path: "/missing", result: "No such file", status: 2 },
  { ...OK, event: "mkdir", path: "/d" },
  { ...ABOUT, event: "mkdir", path: "/d", result: "Failure: file exists", status: 4 },
  { ...OK, event: "rename", path: "/upload", to: "/d/done" },
  { ...OK, event: "symlink", path: "/link", target: "x" },
  { ...OK, event: "opendir", path: "/d", kind: undefined },
  { ...OK, event: "close", path: "/upload", kind: "file", forced: true, read: 15, written: 0 },
  { ...OK, event: "close", path: "/d", kind: "directory", forced: true },
  { ...ABOUT, event: "session-closed", files: 2, read: 15, written: 20, status: 0 },
].map((event) => JSON.parse(JSON.stringify(event)) as Event);

for (
  const { name, wrap } of [
    { name: "at once", wrap: (storage: MemoryStorage) => storage },
    { name: "by promises", wrap: (storage: MemoryStorage) => later(storage) },
  ]
) {
  Deno.test(`JsonLog logs who did what, with the outcome (${name})`, async () => {
    const { log, events } = keptLog(LogLevel.INFO);
    const dialogue = new Dialogue(wrap(new MemoryStorage()), {
      log,
      observers: [log.observer],
      ...SESSION,
    });
    await dialogue.session.opened();
    for (const sent of conversation) await dialogue.ask(sent);
    await dialogue.end();
    await dialogue.session.closed(0);
    const told = events().map((event) => {
      const { reason: _reason, ...rest } = event;
      return rest;
    });
    assertEquals(told, expected);
  });
}

Deno.test("JsonLog logs every request at DEBUG, once", async () => {
  const { log, events } = keptLog(LogLevel.DEBUG);
  const dialogue = new Dialogue(await sampleTree(), { observers: [log.observer] });
  const open = await openAll(dialogue);
  const before = events().length;
  for (const sample of SAMPLES) await dialogue.ask(sample.request(open));
  const told = events().slice(before);
  assertEquals(told.map(({ event }) => event), SAMPLES.map(({ name }) => name));
  assertEquals(new Set(told.map(({ event }) => event)).size, requestNames.length + 1);
  for (const [index, { name, facts, finds }] of SAMPLES.entries()) {
    const event = told[index]!;
    assertEquals([event["path"], event["to"], event["text"]], [facts.path, facts.to, facts.text]);
    assertEquals([event["bytes"], event["entries"]], [finds?.bytes, finds?.entries], name);
    assert(!("data" in event));
  }
  await dialogue.end();
});

Deno.test("JsonLog leaves out what is above its level, and nothing else", async () => {
  for (
    const [level, names] of [
      [LogLevel.QUIET, []],
      [LogLevel.ERROR, ["message"]],
      [LogLevel.INFO, ["session-opened", "message", "mkdir", "stat", "session-closed"]],
      [
        LogLevel.VERBOSE,
        ["session-opened", "message", "message", "mkdir", "stat", "stat", "session-closed"],
      ],
    ] as const
  ) {
    const { log, events } = keptLog(level);
    log.write(LogLevel.ERROR, "spoken");
    const packets = [ask.mkdir("/d"), ask.stat("/none"), ask.stat("/d"), ask.limits()];
    const transport = new Line([init(), ...packets.map(request)]);
    await serve(new MemoryStorage(), { transport, log, ...SESSION });
    assertEquals(events().map(({ event }) => event).sort(), [...names].sort());
  }
});

Deno.test("JsonLog logs the reason when the client is told less", async () => {
  const { log, events } = keptLog(LogLevel.INFO);
  const dialogue = new Dialogue(new MemoryStorage(), {
    log,
    policy: ({ name }) => name === "rmdir" ? "Refusing rmdir request in read-only mode" : undefined,
    observers: [
      log.observer,
      hooks({
        before: {
          mkdir() {
            throw new StorageError("denied", "quota of alice");
          },
        },
      }),
    ],
  });
  await dialogue.ask(ask.rmdir("/d"));
  await dialogue.ask(ask.mkdir("/d"));
  assertEquals(events().map(({ event, result, reason }) => [event, result, reason]), [
    ["rmdir", "Permission denied", "Refusing rmdir request in read-only mode"],
    ["mkdir", "Permission denied", "quota of alice"],
  ]);
  await dialogue.end();
});

Deno.test("JsonLog writes each event as one line, with every name unchanged", async () => {
  const { log, events } = keptLog(LogLevel.INFO);
  const names = ['a\n{"event":"session-closed"}', 'q"uote\\', "\x1b[2K", "\u2028\u202e", "🐟"];
  const dialogue = new Dialogue(new MemoryStorage(), { observers: [log.observer] });
  for (const name of names) await dialogue.ask(ask.mkdir(`/${name}`));
  await dialogue.ask(ask.mkdir(new Uint8Array([...bytesOf("/raw-"), 0xff])));
  assertEquals(
    events().map(({ path }) => path),
    [...names.map((name) => `/${name}`), "/raw-\udcff"],
  );
  log.write(LogLevel.ERROR, "words\nof two lines");
  assertEquals(events().at(-1)?.["message"], "words\nof two lines");
  await dialogue.end();
});

Deno.test("JsonLog has the user's name and the program's in every line, and what is served in the first", async () => {
  const { log, events } = plainLog({ ...SESSION, logUser: "Ann\u202e", tag: "sftp-in" });
  log.write(LogLevel.INFO, "before");
  const line = new Line([init(), request(ask.stat("/"), 1)]);
  await serve(new MemoryStorage(), { transport: line, log, serves: { jail: "/srv/ann" } });
  assertEquals(events.map(({ event, logUser, tag, jail }) => [event, logUser, tag, jail]), [
    ["message", "Ann\u202e", "sftp-in", undefined],
    ["session-opened", "Ann\u202e", "sftp-in", "/srv/ann"],
    ["message", "Ann\u202e", "sftp-in", undefined],
    ["stat", "Ann\u202e", "sftp-in", undefined],
    ["session-closed", "Ann\u202e", "sftp-in", undefined],
  ]);
});

Deno.test("JsonLog has no field for the program's default name", () => {
  const { log, events } = plainLog({ tag: "sftpwrap" });
  log.write(LogLevel.INFO, "x");
  assertEquals(Object.keys(events[0]!), ["time", "level", "pid", "event", "message"]);
});
