import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { sourceOf } from "../../lib/client/source.ts";

/** A stream of three chunks, of bytes or of objects. */
function streamOf(type: "bytes" | undefined): ReadableStream<Uint8Array> {
  let count = 0;
  const pull = (controller: ReadableByteStreamController | ReadableStreamDefaultController) => {
    if (count < 3) controller.enqueue(new Uint8Array([++count, count]));
    else controller.close();
    if (count === 3 && "byobRequest" in controller) controller.byobRequest?.respond(0);
  };
  return type === "bytes"
    ? new ReadableStream({ type, pull })
    : new ReadableStream<Uint8Array>({ pull });
}

for (const type of ["bytes", undefined] as const) {
  Deno.test(`sourceOf() reads a stream of ${type ?? "chunks"} to its end`, async () => {
    const source = sourceOf(streamOf(type));
    const read: number[] = [];
    for (;;) {
      const chunk = await source.read();
      if (chunk === undefined) break;
      read.push(...chunk);
    }
    assertEquals(read, [1, 1, 2, 2, 3, 3]);
    assertEquals(await source.read(), undefined);
  });

  Deno.test(`sourceOf() tells how a stream of ${type ?? "chunks"} fails`, async () => {
    const stream = new ReadableStream({
      ...(type === undefined ? {} : { type }),
      pull: (controller) => controller.error(new Error("cable cut")),
    } as UnderlyingByteSource);
    await assertRejects(() => sourceOf(stream).read(), Error, "cable cut");
  });
}

Deno.test("sourceOf() refuses a stream that somebody else reads", () => {
  const stream = streamOf("bytes");
  stream.getReader();
  assertThrows(() => sourceOf(stream), TypeError);
});
