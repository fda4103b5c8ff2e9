import { assertEquals } from "@std/assert";
import { serve } from "../../lib/serve/serve.ts";
import type { Transport } from "../../lib/transport/stdio.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { FileHandle, Storage } from "../../lib/storage/storage.ts";
import { LONG_DATA_LENGTH } from "../../lib/wire/constants.ts";
import { nextTurn, randomWait } from "../session/waiting_storage.ts";
import { randomNumbers } from "../support/random.ts";
import {
  ask,
  init,
  joined,
  parseReply,
  type Reply,
  request,
  Splitter,
  u32,
} from "../support/raw.ts";
import { differences, recordsOf } from "../support/records.ts";
import { Line } from "../support/wire_session.ts";

const FILES = 8;
const FILE_LENGTH = 200_000;
const LENGTHS = [LONG_DATA_LENGTH, 32_768, LONG_DATA_LENGTH - 1, 100, 261_120];

/** A READ, whose reply tells by its bytes whether it is the one. */
interface Asked {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/** Files that say where each of their bytes belongs. */
const contents = Array.from(
  { length: FILES },
  (_, file) => recordsOf({ file, round: 0 }, FILE_LENGTH),
);

function filled(): MemoryStorage {
  const storage = new MemoryStorage();
  for (let file = 0; file < FILES; file++) {
    const options = { read: false, append: false, exclusive: false, truncate: false, attrs: {} };
    const handle = storage.open(`/${file}`, { ...options, write: true, create: true });
    handle.write(contents[file]!, 0);
    handle.close();
  }
  return storage;
}

/**
 * Bursts of READs, as clients send them that copy several files at once: by blocks of the least
 * length that is not copied, or by any.
 */
function burstsOf(seed: number): { readonly bursts: Uint8Array[]; readonly asked: Asked[] } {
  const random = randomNumbers(seed);
  const asked: Asked[] = [];
  const bursts: Uint8Array[] = [];
  for (let count = 0; count < 10; count++) {
    const reads: Uint8Array[] = [];
    for (let left = 4 + random(12); left > 0; left--) {
      const length = seed % 2 === 0 ? LENGTHS[random(LENGTHS.length)]! : LONG_DATA_LENGTH;
      const read = { file: random(FILES), offset: random(13) * 16_384, length };
      reads.push(request(ask.read(u32(read.file), read.offset, length), 100 + asked.length));
      asked.push(read);
    }
    bursts.push(joined(reads));
  }
  return { bursts, asked };
}

function opening(): Uint8Array[] {
  const opens = Array.from({ length: FILES }, (_, file) => request(ask.open(`/${file}`, 1), file));
  return [init(), joined(opens)];
}

/** What differs in the replies to these READs. */
function wrongOf(replies: readonly Reply[], asked: readonly Asked[]): string[] {
  const found = replies.slice(1 + FILES);
  assertEquals(found.length, asked.length);
  return asked.flatMap(({ file, offset, length }, index) => {
    const reply = found[index]!;
    const name = `READ ${index} of file ${file} at ${offset}`;
    if (!("id" in reply) || reply.id !== 100 + index) return [`${name}: another's reply`];
    if (reply.kind !== "data") return [`${name}: ${reply.kind}`];
    const wanted = contents[file]!.subarray(offset, offset + length);
    if (reply.data.length !== wanted.length) return [`${name}: ${reply.data.length} bytes`];
    const whole = contents[file]!.slice(0, offset + wanted.length);
    whole.set(reply.data, offset);
    return differences(whole, { file, round: 0 }, whole.length).map((line) => `${name}: ${line}`);
  });
}

/** What a client receives that takes what it is given at random. */
class Reluctant {
  readonly #taken: Uint8Array[] = [];

  get replies(): Reply[] {
    return new Splitter().push(joined(this.#taken)).map(parseReply);
  }

  /** Streams that block or not: some bytes at a time, and sometimes none before there are more requests. */
  streams(line: Line, seed: number): Transport {
    const random = randomNumbers(seed);
    return {
      readSync: (into) => line.readSync(into),
      writeSync: (bytes) => void this.#taken.push(bytes.slice()),
      async read(into) {
        for (let turns = random(4); turns > 0; turns--) await nextTurn();
        return await line.read(into);
      },
      write: (bytes) => this.#takeLate([bytes]),
      writeAll: (parts) => this.#takeLate(parts),
      polling: {
        trySend: (bytes) => {
          const count = random(8) === 0 ? 0 : Math.ceil(bytes.length * (1 + random(4)) / 4);
          this.#taken.push(bytes.slice(0, count));
          return count;
        },
        wait: ({ input }) => ({ input: input && random(2) === 0 }),
      },
    };
  }

  /** Streams that look at what they are given only after a while. */
  async #takeLate(parts: readonly Uint8Array[]): Promise<void> {
    await nextTurn();
    for (const bytes of parts) this.#taken.push(bytes.slice());
  }
}

Deno.test("serve() sends what each READ gave, however much of it the client takes at a time", async () => {
  for (let seed = 1; seed <= 16; seed++) {
    const { bursts, asked } = burstsOf(seed);
    const client = new Reluctant();
    const transport = client.streams(new Line([...opening(), ...bursts]), seed);
    assertEquals(await serve(filled(), { transport }), 0);
    assertEquals(wrongOf(client.replies, asked), [], `seed ${seed}`);
  }
});

/** A storage that answers everything at once but what `slow` has of its files. */
function opensAtOnce(slow: (file: FileHandle) => Partial<FileHandle>): Storage {
  const storage = filled();
  const open: Storage["open"] = (path, options) => {
    const file = storage.open(path, options);
    return {
      read: (into, position) => file.read(into, position),
      write: (data, position) => file.write(data, position),
      stat: () => file.stat(),
      setAttrs: (attrs) => file.setAttrs(attrs),
      close: () => file.close(),
      ...slow(file),
    };
  };
  return {
    open,
    openDir: (path) => storage.openDir(path),
    stat: (path) => storage.stat(path),
    lstat: (path) => storage.lstat(path),
    setAttrs: (path, attrs) => storage.setAttrs(path, attrs),
    realPath: (path) => storage.realPath(path),
    readLink: (path) => storage.readLink(path),
    symlink: (target, link) => storage.symlink(target, link),
    mkdir: (path, attrs) => storage.mkdir(path, attrs),
    rmdir: (path) => storage.rmdir(path),
    remove: (path) => storage.remove(path),
    rename: (from, to) => storage.rename(from, to),
    close: () => storage.close(),
    extensions: {},
  };
}

/** With the first of these the loop blocks until a promise comes, with the second it never does. */
const LOOPS = { "blocks first": {}, "never blocks": { failed: new Promise<string>(() => {}) } };

for (const [name, options] of Object.entries(LOOPS)) {
  Deno.test(`serve() sends what each READ gave where only READs are promises (${name})`, async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const wait = randomWait(seed);
      const storage = opensAtOnce((file) => ({
        async read(into, position) {
          await wait("read");
          return await file.read(into, position);
        },
      }));
      const { bursts, asked } = burstsOf(seed);
      const client = new Reluctant();
      // What is opened waits to be sent when the first READ comes.
      const [first, ...others] = bursts;
      const line = new Line([joined([...opening(), first!]), ...others]);
      const transport = client.streams(line, seed);
      assertEquals(await serve(storage, { transport, ...options }), 0);
      assertEquals(wrongOf(client.replies, asked), [], `seed ${seed}`);
    }
  });

  Deno.test(`serve() leaves its window to the first READ when that fails (${name})`, async () => {
    let isFirst = true;
    const storage = opensAtOnce((file) => ({
      async read(into, position) {
        if (!isFirst) return await file.read(into, position);
        isFirst = false;
        await nextTurn();
        // What is broken off may have begun to write, and goes on with it.
        queueMicrotask(async () => {
          for (let turns = 0; turns < 40; turns++) {
            into.fill(0xee);
            await Promise.resolve();
          }
        });
        throw new StorageError("failure", "broken off");
      },
    }));
    const { bursts, asked } = burstsOf(3);
    const client = new Reluctant();
    const line = new Line([joined([...opening(), ...bursts])]);
    await serve(storage, { transport: client.streams(line, 3), ...options });
    const [first, ...others] = wrongOf(client.replies, asked);
    assertEquals([first?.endsWith(": status"), others], [true, []]);
  });

  Deno.test(`serve() leaves its data to the first WRITE when that fails (${name})`, async () => {
    const seen: Promise<Uint8Array>[] = [];
    const storage = opensAtOnce(() => ({
      async write(data) {
        seen.push(
          (async () => {
            for (let turns = 0; turns < 20; turns++) await nextTurn();
            return data.slice();
          })(),
        );
        await nextTurn();
        throw new StorageError("failure", "broken off");
      },
    }));
    const writes = Array.from(
      { length: 40 },
      (_, file) => request(ask.write(u32(0), 0, recordsOf({ file, round: 1 }, 100_000)), 10 + file),
    );
    const line = new Line([init(), request(ask.open("/0", 2), 1), ...writes]);
    await serve(storage, { transport: line, ...options });
    for (const [file, data] of (await Promise.all(seen)).entries()) {
      assertEquals(differences(data, { file, round: 1 }, 100_000), [], `WRITE ${file}`);
    }
  });
}
