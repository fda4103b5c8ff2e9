/**
 * `sftpwrap gridfs` beside the streams of the driver's own GridFSBucket, on the server of the tests:
 * that of MONGODB_URI, or FerretDB. Each has a database of its own in each round.
 *
 * @module
 */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GridFSBucket, MongoClient } from "mongodb";
import { noise } from "../../tests/support/files.ts";
import { gridFsWords } from "../../tests/support/gridfs.ts";
import { type Mongo, withMongo } from "../../tests/support/mongodb.ts";
import { startServer } from "../../tests/support/server.ts";
import { COMMON_OPTIONS } from "./options.ts";
import { addSample } from "./report.ts";
import { turns } from "./session.ts";
import type { Samples, Subject } from "./subject.ts";
import { MIB } from "./workspace.ts";

const CHUNK_BYTES = 255 * 1024;

/** Stores a file and reads it back; `timed` measures a transfer, which returns its bytes. */
type Way = (
  mongo: Mongo,
  bytes: Uint8Array,
  timed: (metric: "up" | "down", transfer: () => Promise<number>) => Promise<void>,
) => Promise<void>;

/** `deno task bench:gridfs` */
export const gridfs: Subject = {
  about: "Compares uploads and downloads by `sftpwrap gridfs` with the driver's own GridFSBucket.",
  defaults: { ...COMMON_OPTIONS, size: "32" },
  stages: [],
  contestants: ["driver", "sftpwrap"],
  bars: [
    { metric: "up", id: "sftpwrap", against: "driver", atLeast: 0.7 },
    { metric: "down", id: "sftpwrap", against: "driver", atLeast: 0.7 },
  ],
  async measure({ rounds, size, only, program }) {
    const samples: Samples = {};
    const bytes = noise(size * MIB);
    const contestants = [
      { id: "driver", name: "GridFSBucket", way: byDriver },
      { id: "sftpwrap", name: "sftpwrap", way: bySftp(program) },
    ].filter(({ id }) => only.includes(id));
    for await (const order of turns(rounds, contestants)) {
      for (const { id, way } of order) {
        await withMongo((mongo) =>
          way(mongo, bytes, async (metric, transfer) => {
            const start = performance.now();
            const count = await transfer();
            addSample(samples, metric, id, bytes.length / 1000 / (performance.now() - start));
            if (count !== bytes.length) throw new Error(`${id}, ${metric}: ${count} bytes`);
          })
        );
      }
    }
    const metrics = [
      { id: "up", name: "upload", unit: "MB/s", digits: 1 },
      { id: "down", name: "download", unit: "MB/s", digits: 1 },
    ];
    return { contestants, metrics, samples, notes: [] };
  },
};

const byDriver: Way = async ({ uri, database }, bytes, timed) => {
  await using client = new MongoClient(uri);
  const bucket = new GridFSBucket(client.db(database));
  const parts = Array.from(
    { length: Math.ceil(bytes.length / CHUNK_BYTES) },
    (_, index) => bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );
  await timed("up", async () => {
    await pipeline(Readable.from(parts), bucket.openUploadStream("file"));
    return bytes.length;
  });
  await timed("down", async () => {
    let length = 0;
    for await (const chunk of bucket.openDownloadStreamByName("file")) length += chunk.length;
    return length;
  });
};

function bySftp(program: string | undefined): Way {
  return async (mongo, bytes, timed) => {
    const [deno = "", ...words] = gridFsWords(mongo);
    const args = program === undefined ? words : words.slice(words.indexOf("gridfs"));
    await using server = await startServer(program ?? deno, args);
    const { client } = server;
    await timed("up", async () => {
      await client.writeFile("/file", bytes);
      return bytes.length;
    });
    await timed("down", async () => (await client.readFile("/file")).length);
  };
}
