import { assert, assertEquals } from "@std/assert";
import { type Hooks, hooks } from "../../lib/audit/hooks.ts";
import type { Log } from "../../lib/session/log.ts";
import type { Operation, Outcome } from "../../lib/session/observer.ts";
import { requestNames } from "../../lib/session/request_names.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { later } from "../support/later.ts";
import { ask, bytesOf, Code, concat, init, request } from "../support/raw.ts";
import { Dialogue, Line } from "../support/wire_session.ts";
import { openAll, SAMPLES, sampleTree } from "./operations.ts";
import { serve } from "../../lib/serve/serve.ts";

/** A storage that answers at once, and one whose every answer is a promise. */
const WAYS: readonly { readonly name: string; readonly make: () => Promise<Storage> }[] = [
  { name: "at once", make: sampleTree },
  { name: "by promises", make: async () => later(await sampleTree()) },
];

function dialogueWith(storage: Storage, wanted: Hooks, lines: string[] = []): Dialogue {
  const log: Log = { level: 5, write: (_level, line) => void lines.push(line) };
  return new Dialogue(storage, { observers: [hooks(wanted)], log, user: "alice", id: "one" });
}

function statusOf(reply: Awaited<ReturnType<Dialogue["ask"]>>): [number, string] {
  assert(reply.kind === "status", Deno.inspect(reply));
  return [reply.code, reply.message];
}

/** Without the fields that are present but undefined. */
function present(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

Deno.test("every request has a sample here", () => {
  assertEquals(
    SAMPLES.map(({ name }) => name).sort(),
    [...requestNames, "unsupported"].sort(),
  );
});

for (const { name, make } of WAYS) {
  Deno.test(`hooks() receive the facts and the result of each request (${name})`, async () => {
    const told: [string, Operation, Outcome | undefined][] = [];
    let ready = false;
    const dialogue = dialogueWith(await make(), {
      before: { any: (operation) => void (ready && told.push(["before", operation, undefined])) },
      after: {
        any: (operation, outcome) => void (ready && told.push(["after", operation, outcome])),
      },
    });
    const open = await openAll(dialogue);
    ready = true;
    for (const sample of SAMPLES) {
      told.length = 0;
      const reply = await dialogue.ask(sample.request(open));
      assertEquals(told.map(([when]) => when), ["before", "after"], sample.name);
      const [[, operation], [, same, outcome]] = told as [typeof told[0], typeof told[0]];
      assertEquals(same, operation);
      assertEquals(operation.name, sample.name);
      assertEquals(operation.session.user, "alice");
      assertEquals(operation.session.id, "one");
      assertEquals(operation.forced, false);
      for (const [fact, value] of Object.entries(sample.facts)) {
        // The bytes of a WRITE were only lent.
        if (fact !== "data") {
          const told = present(operation[fact as keyof Operation]);
          assertEquals(told, value, `${sample.name}: ${fact}`);
        }
      }
      for (const [fact, value] of Object.entries(sample.finds ?? {})) {
        assertEquals(outcome![fact as keyof Outcome], value, `${sample.name}: ${fact}`);
      }
      assert(outcome!.duration! >= 0);
      if (sample.name === "unsupported") {
        assertEquals([outcome!.failed, outcome!.status], [true, Code.OP_UNSUPPORTED]);
      } else {
        assertEquals([outcome!.failed, outcome!.status], [false, 0], sample.name);
        assert(reply.kind !== "status" || reply.code === 0);
      }
    }
    await dialogue.end();
  });

  Deno.test(`hooks() see attributes and data (${name})`, async () => {
    const seen: unknown[] = [];
    const dialogue = dialogueWith(await make(), {
      before: { write: ({ data }) => void seen.push(new TextDecoder().decode(data)) },
      after: { stat: (_operation, { attrs }) => void seen.push(attrs?.size) },
    });
    const [file] = await openAll(dialogue);
    await dialogue.ask(ask.write(file, 7, "more"));
    await dialogue.ask(ask.stat("/file"));
    assertEquals(seen, ["more", 11]);
    await dialogue.end();
  });

  Deno.test(`hooks() refuse each request before it is done (${name})`, async () => {
    let ready = false;
    const done: string[] = [];
    const failed: string[] = [];
    const dialogue = dialogueWith(await make(), {
      before: {
        any() {
          if (ready) throw new StorageError("denied", "not on Sundays");
        },
      },
      after: {
        any({ name }, outcome) {
          if (ready) (outcome.failed ? failed : done).push(name);
        },
      },
    });
    const open = await openAll(dialogue);
    const before = await dialogue.ask(ask.opendir("/"));
    ready = true;
    for (const sample of SAMPLES) {
      assertEquals(statusOf(await dialogue.ask(sample.request(open))), [
        Code.PERMISSION_DENIED,
        "Permission denied",
      ]);
    }
    assertEquals(done, []);
    assertEquals(failed, SAMPLES.map(({ name }) => name));
    ready = false;
    assert(before.kind === "handle");
    const listing = await dialogue.ask(ask.readdir(before.handle));
    assert(listing.kind === "name");
    assertEquals(listing.names.length, 10);
    const size = await dialogue.ask(ask.stat("/file"));
    assert(size.kind === "attrs");
    assertEquals(size.attrs.size, 7n);
    await dialogue.end();
  });

  Deno.test(`hooks() that return promises keep order and barriers (${name})`, async () => {
    const order: string[] = [];
    let pending = 0;
    const dialogue = dialogueWith(await make(), {
      before: {
        async any({ name, path }) {
          pending++;
          await new Promise((resolve) => setTimeout(resolve, name === "mkdir" ? 5 : 1));
          if (name === "mkdir") assertEquals(pending, 1, "nothing runs beside mkdir");
          order.push(`before ${name} ${path}`);
        },
      },
      after: {
        async any({ name, path }) {
          await Promise.resolve();
          order.push(`after ${name} ${path}`);
          pending--;
        },
      },
    });
    const replies = await dialogue.all(
      ask.stat("/file"),
      ask.mkdir("/new"),
      ask.stat("/new"),
      ask.rename("/new", "/moved"),
      ask.stat("/moved"),
      ask.rmdir("/moved"),
    );
    assertEquals(replies.map((reply) => "id" in reply ? reply.id : 0), [1, 2, 3, 4, 5, 6]);
    for (const reply of replies) {
      assert(reply.kind === "attrs" || reply.kind === "status" && reply.code === Code.OK);
    }
    assertEquals(
      order,
      ["stat /file", "mkdir /new", "stat /new", "rename /new", "stat /moved", "rmdir /moved"]
        .flatMap((what) => [`before ${what}`, `after ${what}`]),
    );
    await dialogue.end();
  });

  Deno.test(`a request is answered when the hook after it is done (${name})`, async () => {
    let done = 0;
    const dialogue = dialogueWith(await make(), {
      after: {
        async any() {
          await new Promise((resolve) => setTimeout(resolve, 2));
          done++;
        },
      },
    });
    const [file] = await openAll(dialogue);
    for (const request of [ask.stat("/file"), ask.read(file, 0, 7), ask.stat("/none")]) {
      const before = done;
      await dialogue.ask(request);
      assertEquals(done, before + 1);
    }
    await dialogue.end();
  });

  Deno.test(`a hook that rejects its promise refuses or is logged (${name})`, async () => {
    const lines: string[] = [];
    const dialogue = dialogueWith(await make(), {
      before: { mkdir: () => Promise.reject(new StorageError("failure", "out of hours")) },
      after: { stat: () => Promise.reject(new Error("late bug")) },
    }, lines);
    assertEquals(statusOf(await dialogue.ask(ask.mkdir("/x")))[1], "Failure: out of hours");
    assertEquals((await dialogue.ask(ask.stat("/file"))).kind, "attrs");
    assert(lines.some((line) => line.includes("an observer of stat failed: Error: late bug")));
    await dialogue.end();
  });

  Deno.test(`what a hook throws after a request is logged and changes nothing (${name})`, async () => {
    const lines: string[] = [];
    const dialogue = dialogueWith(await make(), {
      after: {
        any() {
          throw new StorageError("denied", "too late");
        },
      },
      opened: () => {
        throw new Error("no beginning");
      },
      closed: () => Promise.reject(new Error("no end")),
    }, lines);
    const open = await openAll(dialogue);
    for (const sample of SAMPLES) {
      const reply = await dialogue.ask(sample.request(open));
      assert(
        reply.kind !== "status" ||
          reply.code === (sample.name === "unsupported" ? Code.OP_UNSUPPORTED : Code.OK),
        sample.name,
      );
    }
    await dialogue.session.opened();
    await dialogue.end();
    await dialogue.session.closed(0);
    for (const { name } of SAMPLES) {
      assert(lines.some((line) => line.startsWith(`an observer of ${name} failed: `)), name);
    }
    assert(lines.some((line) => line.includes("no beginning")));
    assert(lines.some((line) => line.includes("no end")));
  });

  Deno.test(`hooks() receive the session and what it left open (${name})`, async () => {
    const events: unknown[] = [];
    const line = new Line([concat(
      init(),
      request(ask.open("/new", 2 | 8), 1),
      request(ask.write(concat(bytesOf("\0\0\0\0")), 0, "12345"), 2),
      request(ask.opendir("/"), 3),
    )]);
    await serve(await make(), {
      transport: line,
      user: "alice",
      client: "2001:db8::7",
      clientPort: 50022,
      id: "one",
      observers: [hooks({
        opened: (session) => void events.push(session),
        before: {
          close({ kind }) {
            if (kind === "file") throw new StorageError("denied", "nobody can stay");
          },
        },
        after: {
          close({ path, kind, bytesWritten, forced }, { failed }) {
            events.push({ path, kind, bytesWritten, forced, failed });
          },
        },
        closed({ id }, { files, bytesRead, bytesWritten, exitStatus, duration }) {
          assert(duration >= 0);
          events.push({ id, files, bytesRead, bytesWritten, exitStatus });
        },
      })],
    });
    assertEquals(events, [
      { id: "one", user: "alice", client: "2001:db8::7", clientPort: 50022 },
      { path: "/new", kind: "file", bytesWritten: 5, forced: true, failed: false },
      { path: "/", kind: "directory", bytesWritten: undefined, forced: true, failed: false },
      { id: "one", files: 1, bytesRead: 0, bytesWritten: 5, exitStatus: 0 },
    ]);
  });
}

Deno.test("hooks() observe only the requests that have one", () => {
  const observer = hooks({ before: { open() {} }, after: { close() {} } });
  const interest = (name: string) => observer.interest({ name, mutates: false, level: 3 });
  assertEquals(interest("open"), "everything");
  assertEquals(interest("close"), "everything");
  assertEquals(interest("read"), "nothing");
});

Deno.test("hooks() are not called before a request that the policy refuses, but after it", async () => {
  const heard: string[] = [];
  const dialogue = new Dialogue(await sampleTree(), {
    policy: ({ name }) => name === "remove" ? "no" : undefined,
    observers: [hooks({
      before: { remove: () => void heard.push("before") },
      after: { remove: (_operation, { status }) => void heard.push(`after ${status}`) },
    })],
  });
  await dialogue.ask(ask.remove("/file"));
  assertEquals(heard, ["after 3"]);
  await dialogue.end();
});

Deno.test("the policy also refuses when only failures are watched", async () => {
  const heard: string[] = [];
  const dialogue = new Dialogue(await sampleTree(), {
    policy: ({ name }) => name === "mkdir" ? "no" : undefined,
    observers: [{
      interest: () => "failures",
      before: () => void heard.push("before"),
      after: ({ name, path }, { status }) => void heard.push(`${name} ${path} ${status}`),
    }],
  });
  assertEquals(statusOf(await dialogue.ask(ask.mkdir("/x")))[0], Code.PERMISSION_DENIED);
  assertEquals(statusOf(await dialogue.ask(ask.stat("/x")))[0], Code.NO_SUCH_FILE);
  assertEquals((await dialogue.ask(ask.stat("/file"))).kind, "attrs");
  assertEquals(heard, ["mkdir /x 3", "stat /x 2"]);
  await dialogue.end();
});

Deno.test("several observers are asked in turn, and one that refuses is the last", async () => {
  const heard: string[] = [];
  const named = (name: string, refuses: boolean) =>
    hooks({
      before: {
        mkdir() {
          heard.push(`before ${name}`);
          if (refuses) throw new StorageError("denied");
        },
      },
      after: { mkdir: () => void heard.push(`after ${name}`) },
    });
  const observers = [named("a", false), named("b", true), named("c", false)];
  const dialogue = new Dialogue(await sampleTree(), { observers });
  await dialogue.ask(ask.mkdir("/x"));
  assertEquals(heard, ["before a", "before b", "after a", "after b", "after c"]);
  await dialogue.end();
});
