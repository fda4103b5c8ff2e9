import { assertEquals } from "@std/assert";
import { MongoClient } from "mongodb";
import { createHash } from "node:crypto";
import { gridFsWords } from "../support/gridfs.ts";
import { noise } from "../support/files.ts";
import { type Mongo, needsMongo, withMongo } from "../support/mongodb.ts";
import { type RunningServer, startServer } from "../support/server.ts";

const MiB = 1024 * 1024;
const FILES = 100_000;

async function start(mongo: Mongo): Promise<RunningServer> {
  const [program = "", ...args] = gridFsWords(mongo);
  return await startServer(program, args);
}

Deno.test({
  name: "sftpwrap gridfs takes and gives back a file of 1 GiB",
  ...needsMongo(),
  fn: () =>
    withMongo(async (mongo) => {
      await using server = await start(mongo);
      const [sent, received] = [createHash("sha256"), createHash("sha256")];
      let count = 0;
      const source = new ReadableStream<Uint8Array>({
        pull(controller) {
          const bytes = noise(MiB, ++count);
          sent.update(bytes);
          controller.enqueue(bytes);
          if (count === 1024) controller.close();
        },
      });
      assertEquals(await server.client.upload("/file", source), 1024 * MiB);
      const sink = new WritableStream<Uint8Array>({
        write(bytes) {
          received.update(bytes);
        },
      });
      await server.client.download("/file", sink);
      assertEquals(received.digest("hex"), sent.digest("hex"));
    }),
});

Deno.test({
  name: `sftpwrap gridfs lists a directory of ${FILES} files`,
  ...needsMongo(),
  fn: () =>
    withMongo(async (mongo) => {
      await using client = new MongoClient(mongo.uri);
      const files = client.db(mongo.database).collection("fs.files");
      for (let from = 0; from < FILES; from += 10_000) {
        await files.insertMany(
          Array.from({ length: 10_000 }, (_, index) => ({
            filename: `dir/${from + index}`,
            length: 0,
            chunkSize: 255 * 1024,
            uploadDate: new Date(),
          })),
        );
      }
      await using server = await start(mongo);
      const names = new Set<string>();
      for await (const { name } of server.client.readDir("/dir")) names.add(name);
      names.delete(".");
      names.delete("..");
      assertEquals(names.size, FILES);
    }),
});
