import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { ask, Fields, type Request, str, u32, u64 } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";
import { randomWait, waiting } from "./waiting_storage.ts";

const CONTENT = new Uint8Array(600_000).map((_, at) => (at * 31 + (at >> 9)) & 0xff);

/** What is to be hashed of `/file`; 0 stands for all. */
interface Range {
  readonly offset?: number | bigint;
  readonly length?: number | bigint;
  readonly blockSize?: number;
}

function request(algorithms: string, { offset = 0, length = 0, blockSize = 0 }: Range): Request {
  return ask.extended(
    "check-file-name",
    str("/file"),
    str(algorithms),
    u64(offset),
    u64(length),
    u32(blockSize),
  );
}

/** The hashes that are to come, one behind the other. */
function expected(algorithm: string, range: Range): Uint8Array {
  const { offset = 0, length = 0, blockSize = 0 } = range;
  const from = Number(offset);
  const part = CONTENT.subarray(from, length === 0 ? undefined : from + Number(length));
  const size = blockSize === 0 ? part.length : blockSize;
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < part.length || at === 0 && blockSize === 0; at += size) {
    blocks.push(createHash(algorithm).update(part.subarray(at, at + size)).digest());
    if (size === 0) break;
  }
  return new Uint8Array(blocks.flatMap((block) => [...block]));
}

async function withFile(
  use: (dialogue: Dialogue) => Promise<void>,
  slow: (storage: Storage) => Storage = (storage) => storage,
): Promise<void> {
  const storage = new MemoryStorage();
  const maker = new Dialogue(storage);
  const handle = await maker.handle(ask.open("/file", 2 | 8));
  for (let at = 0; at < CONTENT.length; at += 200_000) {
    await maker.ask(ask.write(handle, at, CONTENT.subarray(at, at + 200_000)));
  }
  const dialogue = new Dialogue(slow(storage));
  await use(dialogue);
  await dialogue.end();
}

const ranges: readonly Range[] = [
  {},
  { offset: 1 },
  { offset: 599_999 },
  { offset: 600_000 },
  { length: 1 },
  { length: 262_144 },
  { offset: 1000, length: 300_000 },
  { offset: 599_000, length: 5000 },
  { length: 2n ** 63n },
  { blockSize: 256, length: 1024 },
  { blockSize: 256, length: 1000 },
  { blockSize: 65_536 },
  { blockSize: 300_000 },
  { blockSize: 600_000 },
  { blockSize: 600_001 },
  { offset: 5, blockSize: 100_000 },
];

Deno.test("check-file hashes what is asked for, block by block", async () => {
  for (const slow of [undefined, (storage: Storage) => waiting(storage, randomWait(1))]) {
    await withFile(async (dialogue) => {
      for (const algorithm of ["md5", "sha1", "sha256", "sha512"]) {
        for (const range of ranges) {
          const reply = await dialogue.ask(request(algorithm, range));
          assert(reply.kind === "extended", `${algorithm} ${Deno.inspect(range)}`);
          const fields = new Fields(reply.body);
          assertEquals(fields.text(), algorithm);
          assertEquals(fields.rest(), expected(algorithm, range), Deno.inspect(range));
        }
      }
    }, slow);
  }
});

Deno.test("check-file takes the first algorithm that it knows", async () => {
  await withFile(async (dialogue) => {
    const reply = await dialogue.ask(request("crc32,sha384,sha1,md5", {}));
    assert(reply.kind === "extended");
    assertEquals(new Fields(reply.body).text(), "sha1");
  });
});

Deno.test("check-file refuses what it cannot do, and closes the file", async () => {
  await withFile(async (dialogue) => {
    const refused: [Request, string][] = [
      [request("crc32", {}), "Failure: no such hash algorithm"],
      [request("", {}), "Failure: no such hash algorithm"],
      [request("md5", { blockSize: 255 }), "Bad message"],
      [request("md5", { blockSize: 1 }), "Bad message"],
      [request("md5", { offset: 2n ** 63n }), "Bad message"],
      [request("sha512", { blockSize: 256, length: 2n ** 40n }), ""],
      [ask.checkFileName("/missing", "md5"), "No such file"],
      [ask.checkFileName("/", "md5"), "Failure: is a directory"],
      [ask.checkFileHandle(u32(99), "md5"), "Failure: bad handle"],
    ];
    for (const [sent, message] of refused) {
      const reply = await dialogue.ask(sent);
      if (message === "") assertEquals(reply.kind, "extended");
      else assert(reply.kind === "status" && reply.message === message, Deno.inspect(reply));
    }
  });
});

Deno.test("check-file-handle, and check-file as paramiko calls it, hash an open file", async () => {
  await withFile(async (dialogue) => {
    const handle = await dialogue.handle(ask.open("/file", 1));
    for (const name of ["check-file-handle", "check-file"]) {
      const reply = await dialogue.ask(ask.checkFileHandle(handle, "md5", { name }));
      assert(reply.kind === "extended");
      const fields = new Fields(reply.body);
      // paramiko wants the request's name in front.
      if (name === "check-file") assertEquals(fields.text(), name);
      assertEquals(fields.text(), "md5");
      assertEquals(fields.rest(), expected("md5", {}));
    }
  });
});
