import process from "node:process";
import { type ClientSession, type Db, MongoClient, MongoServerError, ObjectId } from "mongodb";
import { StorageError } from "../errors.ts";
import type { ChunkDoc, FileDoc, JournalDoc, NodeDoc } from "./documents.ts";
import type { GridFsOptions } from "./options.ts";
import { Table } from "./table.ts";

/** The environment as it was, whoever else is just connecting. */
const { env: ENVIRONMENT } = process;

/** Milliseconds to wait for a server, where the URI does not say. */
const SERVER_SELECTION_TIMEOUT = 10_000;

/** Runs the steps of a change as one, where the deployment can. */
export type Atomically = <T>(
  work: (session: ClientSession | undefined) => Promise<T>,
) => Promise<T>;

/** What a bucket is made of, so that a test may put something else in a place. */
export interface BucketParts {
  readonly db: Db;
  /** The first part of the collections' names. */
  readonly name: string;
  /** Milliseconds that the server's clock is ahead of ours. */
  readonly clockOffset?: number;
  /** How changes of several steps are made; step by step where absent. */
  readonly atomically?: Atomically | undefined;
}

/** The four collections of a bucket, and what is known of the deployment. */
export class Bucket {
  readonly db: Db;
  readonly files: Table<FileDoc>;
  readonly chunks: Table<ChunkDoc>;
  readonly nodes: Table<NodeDoc>;
  readonly journal: Table<JournalDoc>;
  /** Whether {@linkcode atomically} keeps its word. */
  readonly transactions: boolean;
  /** Runs the steps of a change as one where it can; else they are a matter of the journal. */
  readonly atomically: Atomically;
  /** Identifies this session in the journal. */
  readonly session = new ObjectId();
  readonly #clockOffset: number;

  constructor({ db, name, clockOffset = 0, atomically }: BucketParts) {
    this.db = db;
    this.files = new Table(db.collection(`${name}.files`));
    this.chunks = new Table(db.collection(`${name}.chunks`));
    this.nodes = new Table(db.collection(`${name}.nodes`));
    this.journal = new Table(db.collection(`${name}.journal`));
    this.#clockOffset = clockOffset;
    this.transactions = atomically !== undefined;
    this.atomically = atomically ?? ((work) => work(undefined));
  }

  /** Now, by the server's clock, which all sessions share. */
  now(): Date {
    return new Date(Date.now() + this.#clockOffset);
  }

  /** Makes the indexes that are not there. Whoever may only read goes without. */
  async ensureIndexes(): Promise<void> {
    try {
      await Promise.all([
        this.files.ensureIndex({ key: { filename: 1, uploadDate: 1 } }),
        this.chunks.ensureIndex({ key: { files_id: 1, n: 1 }, unique: true }),
        this.nodes.ensureIndex({ key: { parent: 1, _id: 1 } }),
        this.journal.ensureIndex({ key: { alive: 1 } }),
        this.journal.ensureIndex({ key: { due: 1 } }),
      ]);
    } catch (error) {
      // Not allowed to, or there is one with other options: things only get slower.
      if (!(error instanceof MongoServerError)) throw error;
    }
  }
}

/** A bucket with the connection that it stands on. */
export interface Connected {
  readonly bucket: Bucket;
  readonly client: MongoClient;
}

/** Connects, and finds out what the deployment can do. */
export async function connect(uri: string, options: GridFsOptions): Promise<Connected> {
  // The driver would look for its own settings there: a log on stdout, for one, which is the wire.
  process.env = {};
  let client: MongoClient | undefined;
  try {
    client = makeClient(uri, options);
    const db = client.db(options.database);
    const asked = Date.now();
    const hello = await db.admin().command({ hello: 1 });
    const here = (asked + Date.now()) / 2;
    const { localTime, setName, msg } = hello;
    const hasTransactions = typeof setName === "string" || msg === "isdbgrid";
    const bucket = new Bucket({
      db,
      name: options.bucket ?? "fs",
      clockOffset: localTime instanceof Date ? localTime.getTime() - here : 0,
      atomically: hasTransactions ? transactionsOf(client) : undefined,
    });
    await bucket.ensureIndexes();
    return { bucket, client };
  } catch (error) {
    await client?.close();
    throw error;
  } finally {
    process.env = ENVIRONMENT;
  }
}

function makeClient(uri: string, { credentials }: GridFsOptions): MongoClient {
  try {
    return new MongoClient(uri, {
      appName: "sftpwrap",
      ...(/[?&]serverSelectionTimeoutMS=/i.test(uri)
        ? {}
        : { serverSelectionTimeoutMS: SERVER_SELECTION_TIMEOUT }),
      ...(credentials === undefined ? {} : { auth: { ...credentials } }),
    });
  } catch (error) {
    throw new StorageError("invalid", "the database's URI is not valid", { cause: error });
  }
}

function transactionsOf(client: MongoClient): Atomically {
  return (work) => client.withSession((session) => session.withTransaction(() => work(session)));
}
