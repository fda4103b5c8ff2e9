import { assertEquals } from "@std/assert";
import { serve } from "../../lib/serve/serve.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { FileHandle, Storage } from "../../lib/storage/storage.ts";
import { LONG_DATA_LENGTH } from "../../lib/wire/constants.ts";
import { randomWait, waiting } from "../session/waiting_storage.ts";
import { randomNumbers } from "../support/random.ts";
import { ask, concat, init, request, u32 } from "../support/raw.ts";
import { differences, recordsOf } from "../support/records.ts";
import { Line } from "../support/wire_session.ts";

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

const FILES = 6;
const FILE_LENGTH = 300_000;

/** The files of a storage, which say where each of their bytes belongs, as they are put by WRITEs. */
function uploads(random: (limit: number) => number): Uint8Array[] {
  const files = Array.from({ length: FILES }, (_, file) => file);
  const packets = [
    init(),
    ...files.map((file) => request(ask.open(`/${file}`, 2 | 8), file)),
  ];
  const places = files.map(() => 0);
  for (let id = FILES; places.some((at) => at < FILE_LENGTH); id++) {
    const file = random(FILES);
    const length = [LONG_DATA_LENGTH, LONG_DATA_LENGTH - 1, 32_768, 1 + random(200), 261_120];
    const offset = places[file]!;
    const count = Math.min(length[random(length.length)]!, FILE_LENGTH - offset);
    const data = recordsOf({ file, round: 0 }, count, offset);
    packets.push(request(ask.write(u32(file), offset, data), id));
    places[file] = offset + count;
  }
  return packets;
}

for (const way of ["at once", "by promises"]) {
  Deno.test(`serve() stores what each WRITE brought, however the stream is cut (${way})`, async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const random = randomNumbers(seed);
      const stream = concat(...uploads(random));
      const most = [1000, 5000, 70_000, 300_000][seed % 4]!;
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < stream.length;) {
        const length = 1 + random(most);
        pieces.push(stream.subarray(at, at + length));
        at += length;
      }
      const memory = new MemoryStorage();
      const storage = way === "at once" ? memory : waiting(memory, randomWait(seed));
      const line = new Line(pieces);
      assertEquals(await serve(storage, { transport: line }), 0);
      const codes = line.replies.filter((reply) => reply.kind === "status" && reply.code !== 0);
      assertEquals(codes, []);
      for (let file = 0; file < FILES; file++) {
        const bytes = new Uint8Array(FILE_LENGTH + 1);
        const options = { append: false, truncate: false, exclusive: false, attrs: {} };
        const open = memory.open(`/${file}`, {
          ...options,
          read: true,
          write: false,
          create: false,
        });
        const count = open.read(bytes, 0);
        open.close();
        const found = differences(bytes.subarray(0, count), { file, round: 0 }, FILE_LENGTH);
        assertEquals(found, [], `file ${file}, seed ${seed}`);
      }
    }
  });
}
