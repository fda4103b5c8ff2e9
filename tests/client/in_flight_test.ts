import { assertEquals, assertRejects } from "@std/assert";
import { InFlight, requestsInFlight } from "../../lib/client/in_flight.ts";

/** Lets everything run that is ready to. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("InFlight lets so many tasks run at once and no more", async () => {
  const inFlight = new InFlight(3);
  const started: number[] = [];
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
  const starting = (async () => {
    for (const [index, gate] of gates.entries()) {
      await inFlight.start(() => {
        started.push(index);
        return gate.promise;
      });
    }
    await inFlight.settled();
  })();
  await settle();
  assertEquals(started, [0, 1, 2]);
  gates[1]!.resolve();
  await settle();
  assertEquals(started, [0, 1, 2, 3]);
  for (const gate of gates) gate.resolve();
  await starting;
  assertEquals(started, [0, 1, 2, 3, 4, 5]);
});

Deno.test("InFlight starts nothing after a failure, tells of the first, and waits for the rest", async () => {
  const told: unknown[] = [];
  const inFlight = new InFlight(3, (error) => told.push(error));
  const last = Promise.withResolvers<void>();
  await Promise.all([
    inFlight.start(() => Promise.reject(new Error("first"))),
    inFlight.start(() => Promise.reject(new Error("second"))),
    inFlight.start(() => last.promise),
  ]);
  await settle();
  assertEquals(await inFlight.start(() => Promise.reject(new Error("never"))), false);
  let settled = false;
  const settling = assertRejects(() => inFlight.settled(), Error, "first")
    .finally(() => settled = true);
  await settle();
  assertEquals(settled, false);
  last.resolve();
  await settling;
  assertEquals(told.map(String), ["Error: first"]);
});

Deno.test("requestsInFlight() bounds requests and bytes", () => {
  assertEquals(requestsInFlight(1), 64);
  assertEquals(requestsInFlight(32_768), 64);
  assertEquals(requestsInFlight(261_120), 16);
  assertEquals(requestsInFlight(1e9), 2);
});
