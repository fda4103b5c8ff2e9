/**
 * Sessions of `sftpwrap gridfs` that are killed at a random moment of their work, and what the next
 * session and the driver's own bucket see after that.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { MongoClient } from "mongodb";
import { check } from "../../../../lib/storage/gridfs/repair/check.ts";
import type { SftpClient } from "../../../../lib/client/client.ts";
import { Buckets } from "./buckets.ts";
import { driverReads, driverWrites, subject } from "./content.ts";
import { ageJournal, assertSwept } from "./views.ts";
import { noise } from "../../../support/files.ts";
import { gridFsWords } from "../../../support/gridfs.ts";
import { type Mongo, withMongo } from "../../../support/mongodb.ts";
import { randomNumbers } from "../../../support/random.ts";
import { startServer } from "../../../support/server.ts";

const BYTES = 300_000;
/** Small ones, so that there are many steps. */
const CHUNK_BYTES = 16 * 1024;
/** Milliseconds for what the database has received before the session died. */
const REST_MS = 200;

const OLD = noise(BYTES, 1);
const NEW = noise(BYTES, 2);
const EDITED = OLD.slice();
EDITED.set(NEW.subarray(0, 50_000), 100_000);

/** What a session does when it is killed. */
export interface Deed {
  readonly name: string;
  /** Files that exist before. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly act: (client: SftpClient) => Promise<void>;
  /** The files after it. */
  readonly after: Readonly<Record<string, Uint8Array>>;
}

/** An upload, an overwrite, an edit in place and a rename over a file. */
export const DEEDS: readonly Deed[] = [
  {
    name: "an upload",
    files: {},
    act: (client) => client.writeFile("/f", NEW),
    after: { f: NEW },
  },
  {
    name: "an overwrite",
    files: { f: OLD },
    act: (client) => client.writeFile("/f", NEW),
    after: { f: NEW },
  },
  {
    name: "an edit",
    files: { f: OLD },
    async act(client) {
      const file = await client.open("/f", { write: true });
      await file.write(EDITED.subarray(100_000, 130_000), 100_000);
      await file.write(EDITED.subarray(130_000, 150_000), 130_000);
      await file.close();
    },
    after: { f: EDITED },
  },
  {
    name: "a rename",
    files: { f: OLD, n: NEW },
    act: (client) => client.posixRename("/n", "/f"),
    after: { f: NEW },
  },
];

/** What was seen after kills. */
export interface Seen {
  before: number;
  after: number;
  /** How many of the latter had been reported as done. */
  told: number;
}

/**
 * Kills this many sessions in a deed, each at another moment, and asserts that the next session and
 * the driver see all of it or nothing, that what was reported as done is done, and that the sweep
 * leaves nothing.
 */
export async function killIn(
  { files, act, after }: Deed,
  { kills, seed }: { readonly kills: number; readonly seed: number },
): Promise<Seen> {
  const random = randomNumbers(seed);
  const seen: Seen = { before: 0, after: 0, told: 0 };
  /**
   * Milliseconds that it takes, as far as known: the first session is not killed before it is done.
   */
  let takes = Infinity;
  await withMongo(async (mongo) => {
    await using client = new MongoClient(mongo.uri);
    const db = client.db(mongo.database);
    const buckets = new Buckets(client, db);
    for (let count = 0; count < kills; count++) {
      const name = buckets.newName();
      const hint = `kill ${count} of seed ${seed}`;
      await buckets.bucket(name);
      for (const [file, bytes] of Object.entries(files)) {
        await driverWrites(db, name, file, bytes, { chunkSizeBytes: CHUNK_BYTES });
      }
      const delay = takes === Infinity ? Infinity : random(takes * 1.3);
      const { isTold, took } = await killOne(mongo, name, { act, delay });
      // The next kill aims at the time that is known by now.
      if (took !== undefined) takes = takes === Infinity ? took : (takes + took) / 2;
      else if (delay > takes) takes = delay;
      const told = isTold ? [after] : [files, after];
      const first = await view(buckets, name);
      assert(told.some((state) => isState(first, state)), `${hint}: ${namesOf(first)}`);
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      await ageJournal(db, name);
      await Promise.all([1, 2].map(async () => check(await buckets.bucket(name), true)));
      const last = await view(buckets, name);
      assert(told.some((state) => isState(last, state)), `${hint}, swept: ${namesOf(last)}`);
      await assertSwept(buckets, name);
      seen[isState(last, after) ? "after" : "before"]++;
      if (isTold) seen.told++;
      for (const part of ["files", "chunks", "nodes", "journal"]) {
        await db.dropCollection(`${name}.${part}`);
      }
    }
  });
  return seen;
}

/** Starts a session, and kills it this many milliseconds later. */
async function killOne(
  mongo: Mongo,
  bucket: string,
  { act, delay }: { readonly act: Deed["act"]; readonly delay: number },
): Promise<{ isTold: boolean; took?: number }> {
  const [program = "", ...args] = gridFsWords(mongo, { options: ["--bucket", bucket] });
  await using server = await startServer(program, args);
  await server.client.stat("/");
  const began = performance.now();
  let took: number | undefined;
  const acting = act(server.client).then(() => {
    took = performance.now() - began;
  }, (error) => {
    // It has died in the middle.
    if (!(error instanceof Error)) throw error;
  });
  if (delay === Infinity) await acting;
  else await new Promise((resolve) => setTimeout(resolve, delay));
  const isTold = took !== undefined;
  server.process.kill("SIGKILL");
  await server.process.status;
  await acting;
  return { isTold, ...(took === undefined ? {} : { took }) };
}

/** All files, which a new session and the driver must see alike. */
async function view(buckets: Buckets, name: string): Promise<Map<string, Uint8Array>> {
  const storage = await buckets.storage(name);
  const s = subject(storage);
  const files = new Map<string, Uint8Array>();
  for (const file of await s.names("/")) {
    const bytes = await s.bytes(`/${file}`);
    assertEquals(await driverReads(buckets.db, name, file), bytes);
    files.set(file, bytes);
  }
  await storage.close();
  return files;
}

function isState(
  files: ReadonlyMap<string, Uint8Array>,
  state: Readonly<Record<string, Uint8Array>>,
): boolean {
  return files.size === Object.keys(state).length &&
    Object.entries(state).every(([name, bytes]) => {
      const found = files.get(name);
      return found?.length === bytes.length && found.every((byte, index) => byte === bytes[index]);
    });
}

function namesOf(files: ReadonlyMap<string, Uint8Array>): string {
  return [...files].map(([name, { length }]) => `${name} of ${length} bytes`).join(", ");
}
