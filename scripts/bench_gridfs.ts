/**
 * Compares uploads and downloads by `sftpwrap gridfs` with those by the streams of the driver's own
 * GridFSBucket, on one server: `deno task bench:gridfs`.
 *
 *     --rounds N        7 where absent
 *     --size MIB        of the file; 32 where absent
 *     --program PATH    this program, compiled already; `deno run` where absent
 *     --check           exit 1 where a ratio is below the bar
 *
 * The server is the one of the tests: that of MONGODB_URI, or FerretDB. Each of the two has a
 * database of its own in each round, and they take turns in being the first.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { GridFSBucket, MongoClient } from "mongodb";
import { gridFsWords } from "../tests/support/gridfs.ts";
import { noise } from "../tests/support/files.ts";
import { type Mongo, withMongo } from "../tests/support/mongodb.ts";
import { startServer } from "../tests/support/server.ts";
import { summarize, summarizeRatios } from "./bench/statistics.ts";
import { printLine } from "./support/print.ts";

const MIB = 2 ** 20;
const CHUNK = 255 * 1024;

/** The least that is asked of the ratio to the driver's own streams. */
const BAR = 0.7;

/** MB/s of one way there and back. */
interface Speeds {
  readonly up: number;
  readonly down: number;
}

type Contestant = (mongo: Mongo, bytes: Uint8Array) => Promise<Speeds>;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const options = parseArgs([...args], {
    string: ["rounds", "size", "program"],
    boolean: ["check"],
    unknown: (arg) => {
      throw new TypeError(`unknown argument ${arg}`);
    },
  });
  const bytes = noise(Number(options.size ?? 32) * MIB);
  const pair: readonly Contestant[] = [byDriver, (mongo, all) => bySftp(mongo, all, options)];
  const results: [Speeds[], Speeds[]] = [[], []];
  for (let round = 0; round < Number(options.rounds ?? 7); round++) {
    for (const index of round % 2 === 0 ? [0, 1] as const : [1, 0] as const) {
      results[index].push(await withMongo((mongo) => pair[index]!(mongo, bytes)));
    }
  }
  return report(results, options.check === true);
}

function report([driver, ours]: readonly [Speeds[], Speeds[]], hasBar: boolean): number {
  let isMissed = false;
  for (const way of ["up", "down"] as const) {
    const [base, figures] = [driver, ours].map((all) => all.map((speeds) => speeds[way]));
    const ratios = summarizeRatios(figures!, base!)!;
    if (ratios.median < BAR) isMissed = true;
    const [low, high] = [ratios.min, ratios.max].map((ratio) => ratio.toFixed(2));
    printLine(
      `${way.padEnd(4)} GridFSBucket ${summarize(base!)!.median.toFixed(1)} MB/s, ` +
        `sftpwrap ${summarize(figures!)!.median.toFixed(1)} MB/s, ` +
        `ratio ${ratios.median.toFixed(2)} (${low} to ${high})`,
    );
  }
  return hasBar && isMissed ? 1 : 0;
}

async function byDriver({ uri, database }: Mongo, bytes: Uint8Array): Promise<Speeds> {
  await using client = new MongoClient(uri);
  const bucket = new GridFSBucket(client.db(database));
  const up = await speed(bytes.length, async () => {
    const upload = bucket.openUploadStream("file");
    const finished = new Promise<void>((resolve, reject) => {
      upload.on("finish", () => resolve());
      upload.on("error", reject);
    });
    for (let at = 0; at < bytes.length; at += CHUNK) {
      if (upload.write(bytes.subarray(at, at + CHUNK))) continue;
      await new Promise<void>((resolve) => upload.once("drain", () => resolve()));
    }
    upload.end();
    await finished;
  });
  const down = await speed(bytes.length, async () => {
    let length = 0;
    for await (const chunk of bucket.openDownloadStreamByName("file")) length += chunk.length;
    if (length !== bytes.length) throw new Error(`${length} bytes came back`);
  });
  return { up, down };
}

async function bySftp(
  mongo: Mongo,
  bytes: Uint8Array,
  { program }: { readonly program?: string | undefined },
): Promise<Speeds> {
  const [deno = "", ...words] = gridFsWords(mongo);
  const args = program === undefined ? words : words.slice(words.indexOf("gridfs"));
  await using server = await startServer(program ?? deno, args);
  const { client } = server;
  const up = await speed(bytes.length, () => client.writeFile("/file", bytes));
  const down = await speed(bytes.length, async () => {
    const { length } = await client.readFile("/file");
    if (length !== bytes.length) throw new Error(`${length} bytes came back`);
  });
  return { up, down };
}

/** MB/s. */
async function speed(length: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return length / 1000 / (performance.now() - start);
}
