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
import { runOk } from "./run.ts";

/** A database of the test's own. */
export interface Mongo {
  /** The deployment, without the name of a database. */
  readonly uri: string;
  /** The name of a database that no other test uses; it is dropped afterwards. */
  readonly database: string;
}

/** A server of the test's own, which the test may kill. */
export interface KillableMongo extends Mongo {
  /** A directory for whatever the test needs. */
  readonly directory: string;
  /** Kills the server as `kill -9` does, and waits for its end. */
  kill(): Promise<void>;
  /** Starts it again on the same data and the same port. */
  start(): Promise<void>;
}

/** Properties of the server; every option may be absent. */
export interface MongoOptions {
  /** It uses TLS, with a certificate that the URI trusts, and accepts only this user. */
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  /** The replica set whose only member it is. */
  readonly set?: string | undefined;
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
export async function withKillableMongo<T>(
  use: (mongo: KillableMongo) => Promise<T>,
  { user, set }: MongoOptions = {},
): Promise<T> {
  return await withTempDir(async (directory) => {
    const data = `${directory}/data`;
    await Deno.mkdir(data);
    const args = [
      ...set === undefined ? [] : ["-set", set],
      ...user === undefined ? [] : ["-user", user.name, ...await makeCertificate(directory)],
    ];
    const env = user === undefined ? {} : { FERRETDB_PASSWORD: user.password };
    let server = await startFerretDb([...args, "127.0.0.1:0", data], env);
    const { address } = server;
    try {
      return await use({
        uri: user === undefined
          ? `mongodb://${address}/`
          : `mongodb://${user.name}@${address}/?tls=true&tlsCAFile=${directory}/cert`,
        database: "test",
        directory,
        kill: () => server.kill(),
        async start() {
          server = await startFerretDb([...args, address, data], env);
        },
      });
    } finally {
      await server.kill();
    }
  });
}

/** Makes a self-signed certificate for 127.0.0.1; returns FerretDB's options. */
async function makeCertificate(directory: string): Promise<string[]> {
  const [cert, key] = [`${directory}/cert`, `${directory}/key`];
  await runOk("openssl", [
    ...["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    ...["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-out", cert, "-keyout", key],
  ]);
  return ["-cert", cert, "-key", key];
}

/** The path of FerretDB, or where to build it. */
function ferretDb(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? ""}/.cache`;
  return Deno.env.get("SFTPWRAP_FERRETDB") ?? `${cache}/sftpwrap/ferretdb`;
}

interface Running {
  /** HOST:PORT. */
  readonly address: string;
  kill(): Promise<void>;
}

async function startFerretDb(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Running> {
  const child = new Deno.Command(ferretDb(), {
    args: [...args],
    // Go's collector takes a fifth of the time otherwise, and a test fills little memory.
    env: { GOGC: "400", ...env },
    // FerretDB ends when its standard input does, so it does not outlive the test, however that
    // ends.
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
  const { value: address } = await lines.read();
  if (address === undefined) {
    throw new Error(`FerretDB did not start (${(await child.status).code}): ${await said}`);
  }
  return { address: address.trim(), kill: () => killed ??= end() };
}
