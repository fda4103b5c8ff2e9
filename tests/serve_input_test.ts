import { assertEquals } from "@std/assert";
import { serve } from "../lib/serve.ts";
import { StorageError } from "../lib/storage/errors.ts";
import { MemoryStorage } from "../lib/storage/memory.ts";
import type { FileHandle, Storage } from "../lib/storage/storage.ts";
import { ask, concat, init, request, u32 } from "./support/raw.ts";
import { Line } from "./support/wire_session.ts";

/** Bytes that say which WRITE they belong to. */
function dataOf(id: number): Uint8Array {
  return new Uint8Array(20_000 + id * 3001).map((_, at) => (at + id * 17) % 251);
}

/** A storage that settles its WRITEs in turns of three, the last first, and some of them with a failure. */
class SlowStorage extends MemoryStorage {
  /** By the length, what stood in the data of each when it was settled. */
  readonly seen = new Map<number, Uint8Array>();
  readonly #waiting: (() => void)[] = [];

  override open(...args: Parameters<Storage["open"]>): ReturnType<MemoryStorage["open"]> {
    const file = super.open(...args);
    const slow: Pick<FileHandle, "write"> = { write: (data) => this.#write(data) };
    return Object.assign(file, slow);
  }

  async #write(data: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) setTimeout(() => this.#settle(), 1);
    });
    this.seen.set(data.length, data.slice());
    if (data.length % 5 === 0) throw new StorageError("failure", "no room");
  }

  #settle(): void {
    for (const resolve of this.#waiting.splice(0, 3).reverse()) resolve();
    if (this.#waiting.length > 0) setTimeout(() => this.#settle(), 1);
  }
}

Deno.test("serve() leaves the data of each WRITE as it is until that is answered", async () => {
  const storage = new SlowStorage();
  const ids = Array.from({ length: 60 }, (_, index) => index + 10);
  const stream = concat(
    init(),
    request(ask.open("/file", 2 | 8), 1),
    request(ask.write(u32(0), 0, "first"), 2),
    ...ids.map((id) => request(ask.write(u32(0), 0, dataOf(id)), id)),
  );
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += 70_001) pieces.push(stream.subarray(at, at + 70_001));
  const line = new Line(pieces);
  assertEquals(await serve(storage, { transport: line }), 0);
  assertEquals(line.replies.map((reply) => "id" in reply ? reply.id : 0), [0, 1, 2, ...ids]);
  for (const id of ids) assertEquals(storage.seen.get(dataOf(id).length), dataOf(id));
});
