import { assertEquals, assertLess } from "@std/assert";
import { Sender, sinkOf } from "../../lib/client/sender.ts";

/** A channel that notes what it gets, and holds each write until it is let go. */
class Gate {
  readonly writes: Uint8Array[] = [];
  readonly channel: WritableStream<Uint8Array>;
  #letGo: (() => void) | undefined;
  #open = false;

  constructor() {
    this.channel = new WritableStream({
      write: async (chunk) => {
        this.writes.push(chunk.slice());
        if (!this.#open) await new Promise<void>((resolve) => this.#letGo = resolve);
      },
    });
  }

  open(): void {
    this.#open = true;
    this.#letGo?.();
  }
}

/** A packet of one number, as often as is wanted; counts how many have been written. */
class Packets {
  written = 0;

  of(value: number, length: number): { write(writer: { raw(bytes: Uint8Array): void }): void } {
    return {
      write: (writer) => {
        this.written++;
        writer.raw(new Uint8Array(length).fill(value));
      },
    };
  }
}

function unexpected(error: unknown): never {
  throw error;
}

/** Lets everything run that is ready to. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("Sender sends together what is sent in one go", async () => {
  const gate = new Gate();
  gate.open();
  const sender = new Sender(sinkOf(gate.channel), unexpected);
  const packets = new Packets();
  sender.send(packets.of(1, 2));
  sender.send(packets.of(2, 1));
  await sender.end();
  assertEquals(gate.writes, [new Uint8Array([1, 1, 2])]);
});

Deno.test("Sender does not write further packets while a megabyte waits for the channel", async () => {
  const gate = new Gate();
  const sender = new Sender(sinkOf(gate.channel), unexpected);
  const packets = new Packets();
  sender.send(packets.of(0, 1));
  await settle();
  for (let value = 1; value <= 100; value++) sender.send(packets.of(value, 100_000));
  await settle();
  assertLess(packets.written, 13);
  gate.open();
  await sender.end();
  assertEquals(packets.written, 101);
  const order = gate.writes.flatMap((chunk) => [...new Set(chunk)]);
  assertEquals(order.filter((value, at) => value !== order[at - 1]), [...Array(101).keys()]);
  assertEquals(gate.writes.reduce((sum, chunk) => sum + chunk.length, 0), 10_000_001);
});

Deno.test("Sender tells of a channel that breaks, and sends nothing after", async () => {
  let told: unknown;
  const channel = new WritableStream<Uint8Array>({
    write() {
      throw new Error("broken pipe");
    },
  });
  const sender = new Sender(sinkOf(channel), (error) => told = error);
  const packets = new Packets();
  sender.send(packets.of(1, 1));
  await sender.end();
  assertEquals((told as Error).message, "broken pipe");
  sender.send(packets.of(2, 1));
  await settle();
  assertEquals(packets.written, 1);
});

Deno.test("Sender.stop() drops what has not been sent", async () => {
  const gate = new Gate();
  const sender = new Sender(sinkOf(gate.channel), unexpected);
  const packets = new Packets();
  sender.send(packets.of(1, 1));
  await settle();
  sender.send(packets.of(2, 1));
  sender.stop(new Error("enough"));
  gate.open();
  await settle();
  assertEquals(gate.writes, [new Uint8Array([1])]);
});
