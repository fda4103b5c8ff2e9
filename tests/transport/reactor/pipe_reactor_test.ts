import { setImmediate } from "node:timers";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { PipeReactor } from "../../../lib/transport/reactor/pipe_reactor.ts";
import { Poll } from "../../../lib/linux/linux.ts";

/** A system in which the test says what is ready; it notes what is waited for. */
function played(ready: (fd: number) => boolean) {
  const waits: string[] = [];
  const wakes: (() => void)[] = [];
  function look(fds: Uint8Array<ArrayBuffer>, where: string): number {
    const view = new DataView(fds.buffer);
    const asked: string[] = [];
    let count = 0;
    for (let at = 0; at < fds.length; at += 8) {
      const fd = view.getInt32(at, true);
      if (fd < 0) continue;
      const events = view.getInt16(at + 4, true);
      asked.push(`${fd}${events === Poll.IN ? "r" : "w"}`);
      if (!ready(fd)) continue;
      view.setInt16(at + 6, events, true);
      count++;
    }
    waits.push(`${where} ${asked.join(",")}`);
    return count;
  }
  const reactor = new PipeReactor({
    poll: (fds) => look(fds, "here"),
    giveWay: () => void waits.push("gave way"),
    pollElsewhere: (fds) => {
      look(fds, "elsewhere");
      return new Promise((resolve) => wakes.push(() => resolve(1)));
    },
    // What happens here happens at once, however slow the machine is.
    now: () => 0,
  });
  return { reactor, waits, wakes };
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** Lets the reactor have more turns than any of these tests needs. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

Deno.test("PipeReactor waits for all sides at once, and reads what is there", async () => {
  const { reactor, waits } = played((fd) => fd === 5);
  const here = reactor.reader(4, "child", () => 1);
  const there = reactor.reader(5, "child", (into) => into.fill(9).length);
  const into = new Uint8Array(3);
  here.read(new Uint8Array(1));
  assertEquals(await there.read(into), 3);
  assertEquals([waits[0], into], ["here 4r,5r", new Uint8Array([9, 9, 9])]);
  here.stop();
});

Deno.test("PipeReactor writes before it waits, and lets those who wrote go on first", async () => {
  const { reactor, waits } = played((fd) => fd === 4);
  const done: string[] = [];
  const writer = reactor.writer(6, {
    isWide: () => true,
    sendNow: (parts) => {
      done.push(`write ${lengthOf(parts)}`);
      return lengthOf(parts);
    },
  });
  const reader = reactor.reader(4, "child", () => {
    done.push("read");
    return 1;
  });
  const reading = reader.read(new Uint8Array(1));
  await writer.write([new Uint8Array(2)]);
  await writer.write([new Uint8Array(1), new Uint8Array(2)]);
  await reading;
  assertEquals(done, ["write 2", "write 3", "read"]);
  assertEquals(waits, ["here 4r"]);
});

Deno.test("PipeReactor waits on another thread where nothing comes, and once for the same", async () => {
  let isReady = false;
  const { reactor, waits, wakes } = played(() => isReady);
  const reading = reactor.reader(4, "child", () => 1).read(new Uint8Array(1));
  const writer = reactor.writer(6, { isWide: () => true, sendNow: lengthOf });
  await settle();
  await writer.write([new Uint8Array(1)]);
  await settle();
  assertEquals(waits.filter((wait) => wait.startsWith("elsewhere")), ["elsewhere 4r"]);
  isReady = true;
  wakes[0]!();
  assertEquals(await reading, 1);
});

Deno.test("PipeReactor tries a wide pipe again after a rest, and waits at once for what is not wide", async () => {
  for (const isWide of [true, false]) {
    const { reactor, waits, wakes } = played(() => false);
    let room = 2;
    const sent: number[] = [];
    const writer = reactor.writer(6, {
      isWide: () => isWide,
      sendNow: (parts) => {
        sent.push(lengthOf(parts));
        const count = Math.min(lengthOf(parts), room);
        room -= count;
        return count;
      },
    });
    const writing = writer.write([new Uint8Array(3), new Uint8Array(5)]);
    await settle();
    assertEquals(waits[0], isWide ? "here " : "here 6w");
    assertEquals(waits.at(-1), "elsewhere 6w");
    assertEquals(sent.slice(0, 2), [8, 6]);
    room = 6;
    wakes[0]!();
    await writing;
  }
});

Deno.test("PipeReactor looks again and again, giving way, once something has come soon", async () => {
  let isReady = true;
  const { reactor, waits, wakes } = played(() => isReady);
  const reader = reactor.reader(4, "child", () => 1);
  const into = new Uint8Array(1);
  await reader.read(into);
  isReady = false;
  const reading = reader.read(into);
  await settle();
  const looks = waits.filter((wait) => wait === "here 4r").length;
  assert(looks > 100, `${looks} looks`);
  assertEquals(waits.filter((wait) => wait === "gave way").length, looks - 2);
  isReady = true;
  wakes[0]!();
  await reading;
});

Deno.test("PipeReactor sleeps at once after much has come from a child, and not from the client", async () => {
  for (const from of ["child", "client"] as const) {
    let isReady = true;
    const { reactor, waits } = played(() => isReady);
    const reader = reactor.reader(4, from, (into) => into.length);
    await reader.read(new Uint8Array(8192));
    isReady = false;
    waits.length = 0;
    const reading = reader.read(new Uint8Array(1));
    await settle();
    assertEquals(waits.includes("gave way"), from === "client");
    reader.stop();
    await reading;
  }
});

Deno.test("PipeReactor tells who asked what fails", async () => {
  const { reactor } = played(() => true);
  const fail = () => {
    throw new Error("cable cut");
  };
  const into = new Uint8Array(1);
  await assertRejects(() => reactor.reader(4, "child", fail).read(into), Error, "cable cut");
  const writer = reactor.writer(6, { isWide: () => true, sendNow: fail });
  await assertRejects(() => writer.write([into]), Error, "cable cut");
});

Deno.test("PipeReactor leaves alone what is stopped", async () => {
  const { reactor } = played(() => false);
  const reader = reactor.reader(4, "child", () => 1);
  const writer = reactor.writer(6, { isWide: () => true, sendNow: () => 0 });
  const bytes = new Uint8Array(1);
  const reading = reader.read(bytes);
  const writing = assertRejects(() => writer.write([bytes]), Error, "over");
  reader.stop();
  writer.stop(new Error("over"));
  assertEquals([await reading, await reader.read(bytes)], [null, null]);
  await writing;
  await assertRejects(() => writer.write([bytes]), Error, "over");
});
