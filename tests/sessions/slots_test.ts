import { assertEquals, assertThrows } from "@std/assert";
import { openLibc } from "../../lib/linux/libc.ts";
import { Open } from "../../lib/linux/linux.ts";
import type { LiveSession, SlotFacts } from "../../lib/sessions/slot.ts";
import { Slots } from "../../lib/sessions/slots.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { racedFor } from "./slots_racer.ts";
import { withTempDir } from "../support/files.ts";

const libc = openLibc();

const ONE = "11111111-0000-4000-8000-000000000001";
const TWO = "22222222-0000-4000-8000-000000000002";
const THREE = "33333333-0000-4000-8000-000000000003";

function factsOf(id: string): SlotFacts {
  return {
    ...{ version: 1, id, pid: Deno.pid, user: "alice", logUser: undefined, address: undefined },
    ...{ since: "2026-01-31T12:00:00.000Z", serves: {} },
  };
}

/** A folder of slots in a state folder, and its path. */
function withSlots(use: (slots: Slots, path: string) => void | Promise<void>): Promise<void> {
  return withTempDir(async (directory) => {
    const name = new TextEncoder().encode(`${directory}\0`);
    const state = libc.openat(-100, name, Open.RDONLY | Open.CLOEXEC);
    assertEquals(Slots.openIfThere(libc, state), undefined);
    const slots = Slots.make(libc, state);
    libc.close(state);
    try {
      await use(slots, `${directory}/sessions`);
    } finally {
      slots.close();
    }
  });
}

function idsOf(sessions: readonly LiveSession[]): string[] {
  return sessions.map(({ id }) => id).sort();
}

function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

Deno.test("a session sees those before it, and is seen by those after it", async () => {
  await withSlots((slots, path) => {
    slots.take(factsOf(ONE), (others) => assertEquals(others, []));
    slots.take(factsOf(TWO), (others) => assertEquals(idsOf(others), [ONE]));
    assertEquals(idsOf(slots.living()), [ONE, TWO]);
    assertEquals(slots.isAlive(ONE), true);
    assertEquals(slots.isAlive(THREE), false);
    assertEquals(Deno.statSync(`${path}/${ONE}`).mode! & 0o777, 0o600);
  });
});

Deno.test("of sessions that begin at the same moment, one gets the last place", async () => {
  await withTempDir(async (directory) => {
    const folders = Array.from({ length: 100 }, (_, round) => `${directory}/${round}`);
    for (const folder of folders) await Deno.mkdir(folder);
    assertEquals(await racedFor(folders, 3), folders.map(() => 1));
  });
});

Deno.test("a session that is not admitted leaves nothing", async () => {
  await withSlots((slots, path) => {
    assertThrows(() =>
      slots.take(factsOf(ONE), () => {
        throw new StorageError("denied", "no");
      })
    );
    assertEquals(namesIn(path), []);
    slots.take(factsOf(TWO), (others) => assertEquals(others, []));
  });
});

Deno.test("a session whose process was killed is not counted, and the next one removes its file", async () => {
  await withSlots(async (slots, path) => {
    const child = new Deno.Command("flock", {
      args: [`${path}/${ONE}`, "cat"],
      stdin: "piped",
      stdout: "null",
    }).spawn();
    while (!slots.isAlive(ONE)) await new Promise((resolve) => setTimeout(resolve, 5));
    slots.take(factsOf(TWO), (others) => assertEquals(idsOf(others), [ONE]));
    // Its child has the lock, too, and reads its end from the pipe.
    child.kill("SIGKILL");
    await child.stdin.close();
    await child.status;
    while (slots.isAlive(ONE)) await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(namesIn(path), [ONE, TWO]);
    slots.take(factsOf(THREE), (others) => assertEquals(idsOf(others), [TWO]));
    assertEquals(namesIn(path), [TWO, THREE]);
  });
});

Deno.test("what is not a slot is neither counted, nor removed, nor written", async () => {
  await withSlots((slots, path) => {
    Deno.writeTextFileSync(`${path}/notes`, "mine");
    Deno.writeTextFileSync(`${path}/../victim`, "victim");
    Deno.symlinkSync("../victim", `${path}/${ONE}`);
    Deno.linkSync(`${path}/../victim`, `${path}/${TWO}`);
    Deno.mkdirSync(`${path}/${THREE}`);
    const fifo = THREE.replace("3", "4");
    new Deno.Command("mkfifo", { args: [`${path}/${fifo}`] }).outputSync();
    const before = namesIn(path);
    const own = THREE.replace("3", "5");
    slots.take(factsOf(own), (others) => assertEquals(others, []));
    assertEquals(namesIn(path), [...before, own].sort());
    for (const id of [ONE, TWO, THREE, fifo]) {
      assertThrows(() => slots.kick(id, "root"), StorageError);
    }
    assertEquals(Deno.readTextFileSync(`${path}/../victim`), "victim");
  });
});

Deno.test("a session that says nothing sensible of itself counts while it lives", async () => {
  await withSlots((slots, path) => {
    slots.take(factsOf(ONE), () => {});
    Deno.writeTextFileSync(`${path}/${ONE}`, "\u0000".repeat(100_000));
    const [session, ...more] = slots.living();
    assertEquals(more, []);
    assertEquals(session?.id, ONE);
    assertEquals(session?.facts.pid, undefined);
  });
});

Deno.test("a session tells its counters, and hears that it must end", async () => {
  await withSlots((slots) => {
    const slot = slots.take(factsOf(ONE), () => {});
    const counters = { bytesRead: 1234, bytesWritten: 5_000_000_000 };
    assertEquals(slot.look(counters), undefined);
    assertEquals(slots.living()[0]?.counters, counters);
    slots.kick(ONE, "root");
    slots.kick(ONE, "alice");
    assertEquals(slot.look(counters), "kicked by root");
    const later = { ...counters, bytesRead: 1 };
    assertEquals(slot.look(later), "kicked by root");
    assertEquals(slots.living()[0]?.counters, later);
  });
});
