import { assertEquals } from "@std/assert";
import { HookRunner } from "../../lib/hooks/hook_runner.ts";
import type { HookPlan } from "../../lib/hooks/events.ts";
import { lineOf } from "../../lib/hooks/messages.ts";

const PLAN: HookPlan = {
  commands: [{ event: "before-delete", words: ["/x"] }, { event: "mkdir", words: ["/x"] }],
  timeout: 10,
  onFailure: "refuse",
};

/** A helper that answers what the test says. */
function fakeHelper() {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const answers = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = answers.writable.getWriter();
  const runner = new HookRunner(PLAN, { readable: answers.readable, writable });
  const drained = readable.pipeTo(new WritableStream());
  return { runner, writer, drained };
}

Deno.test("a helper that does not answer has failed a moment after its time, and holds up no end", async () => {
  const { runner, writer, drained } = fakeHelper();
  const silent = { failure: "the helper process does not answer", stderr: "" };
  assertEquals(await runner.decide("before-delete", ""), silent);
  runner.tell("mkdir", "", () => {});
  await runner.close();
  await drained;
  await writer.close();
});

Deno.test("a helper that answers something else has failed", async () => {
  const { runner, writer, drained } = fakeHelper();
  const decided = runner.decide("before-delete", "");
  await writer.write(new TextEncoder().encode("nonsense\n"));
  assertEquals((await decided).status, undefined);
  assertEquals((await runner.decide("before-delete", "")).failure, "the helper process has ended");
  await runner.close();
  await drained;
});

Deno.test("answers come in any order and in any pieces", async () => {
  const { runner, writer, drained } = fakeHelper();
  const decided = [1, 2].map(() => runner.decide("before-delete", ""));
  const bytes = [2, 1].map((id) => lineOf({ id, status: id, stderr: "é" }))
    .flatMap((line) => [...line]);
  for (const byte of bytes) await writer.write(Uint8Array.of(byte));
  const outcomes = await Promise.all(decided);
  assertEquals(outcomes, [{ status: 1, stderr: "é" }, { status: 2, stderr: "é" }]);
  await writer.close();
  await runner.close();
  await drained;
});

Deno.test("an event without a command needs no helper", async () => {
  const { runner, writer, drained } = fakeHelper();
  assertEquals(await runner.decide("before-rename", ""), { status: 0, stderr: "" });
  assertEquals(runner.has("before-rename"), false);
  await writer.close();
  await runner.close();
  await drained;
});
