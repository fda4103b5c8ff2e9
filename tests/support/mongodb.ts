/**
 * A database for the tests of GridFS: the one that `MONGODB_URI` names, or FerretDB, which speaks
 * MongoDB's protocol over SQLite and is built by `tests/support/ferretdb/build`.
 *
 * ```ts
 * Deno.test({
 *   name: "GridFsStorage reads what the driver wrote",
 *   ...needsMongo(),
 *   fn: () => withMongo(async ({ uri, database }) => {}),
 * });
 * ```
 *
 * @module
 */

import { MongoClient } from "mongodb";
import { withTempDir } from "./files.ts";
import { type Need, needs } from "./programs.ts";

/** A database of the test's own. */
export interface Mongo {
  /** The deployment, without the name of a database. */
  readonly uri: string;
  /** The name of a database that nobody else uses; it is dropped afterwards. */
  readonly database: string;
}

/** A server of the test's own, which the test may kill. */
export interface KillableMongo extends Mongo {
  /** Kills the server as `kill -9` does, and waits for its end. */
  kill(): Promise<void>;
  /** Starts it again on the same data and the same port. */
  start(): Promise<void>;
}

/** What a test needs that uses {@linkcode withMongo}. */
export function needsMongo(...further: string[]): Need {
  return Deno.env.has("MONGODB_URI") ? needs(...further) : needsFerretDb(...further);
}

/** What a test needs that uses {@linkcode withKillableMongo}. */
export function needsFerretDb(...further: string[]): Need {
  return needs(ferretDb(), ...further);
}

/** Runs `use` with a new database. */
export async function withMongo<T>(use: (mongo: Mongo) => Promise<T>): Promise<T> {
  const uri = Deno.env.get("MONGODB_URI");
  if (uri === undefined) return await withKillableMongo(use);
  const database = `sftpwrap_test_${crypto.randomUUID()}`;
  try {
    return await use({ uri, database });
  } finally {
    await using client = new MongoClient(uri);
    await client.db(database).dropDatabase();
  }
}

/** Runs `use` with a new FerretDB on a free port, and ends it afterwards. */
export async function withKillableMongo<T>(use: (mongo: KillableMongo) => Promise<T>): Promise<T> {
  return await withTempDir(async (directory) => {
    let server = await startFerretDb("127.0.0.1:0", directory);
    const { uri } = server;
    try {
      return await use({
        uri,
        database: "test",
        kill: () => server.kill(),
        async start() {
          server = await startFerretDb(new URL(uri).host, directory);
        },
      });
    } finally {
      await server.kill();
    }
  });
}

/** Where FerretDB stands, or is to be built. */
function ferretDb(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? ""}/.cache`;
  return Deno.env.get("SFTPWRAP_FERRETDB") ?? `${cache}/sftpwrap/ferretdb`;
}

interface Running {
  readonly uri: string;
  kill(): Promise<void>;
}

async function startFerretDb(address: string, directory: string): Promise<Running> {
  const child = new Deno.Command(ferretDb(), {
    args: [address, directory],
    // It ends with this, so it does not outlive the test, however that ends.
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let killed: Promise<void> | undefined;
  async function end() {
    child.kill("SIGKILL");
    await Promise.all([child.status, said, lines.cancel(), child.stdin.close().catch(() => {})]);
  }
  const { value: uri } = await lines.read();
  if (uri === undefined) {
    throw new Error(`FerretDB did not start (${(await child.status).code}): ${await said}`);
  }
  return { uri: uri.trim(), kill: () => killed ??= end() };
}
