import {
  type ClientSession,
  MongoClient,
  type MongoClientOptions,
  MongoServerError,
  ObjectId,
} from "mongodb";
import { StorageError } from "../../errors.ts";
import { DEFAULT_BUCKET, problemWithBucketName } from "./bucket_name.ts";
import { Budget } from "../../remote/budget.ts";
import type { ChunkDoc, FileDoc, JournalDoc, NodeDoc } from "./documents.ts";
import { hideEnvironment, releaseWriters } from "./driver.ts";
import { UNAUTHORIZED } from "./gridfs_errors.ts";
import { Link } from "./link.ts";
import type { GridFsOptions } from "./options.ts";
import { inSession, Table } from "./table.ts";
import { readTlsFiles } from "./tls_files.ts";

/** Milliseconds for a transaction; the server itself ends it after a minute. */
const TRANSACTION_MS = 2 * 60_000;

/** Runs the steps of a change as one transaction, where the deployment has transactions. */
export type Atomically = <T>(
  work: (session: ClientSession | undefined) => Promise<T>,
) => Promise<T>;

/**
 * The most connections of a session, where the URI does not say. The driver's default is a hundred,
 * and each connection buffers bytes of its own.
 */
const MAX_CONNECTIONS = 8;

/** The parts of a bucket, so that a test can replace one of them. */
export interface BucketParts {
  readonly link: Link;
  /** The first part of the collections' names. */
  readonly name: string;
  /** Milliseconds by which the server's clock is ahead of ours. */
  readonly clockOffset?: number;
  /** The memory that the open files share. */
  readonly budget?: Budget;
  /** How changes of several steps are made; without it, step by step. */
  readonly atomically?: Atomically | undefined;
}

/** The four collections of a bucket, and what is known about the deployment. */
export class Bucket {
  readonly link: Link;
  readonly files: Table<FileDoc>;
  readonly chunks: Table<ChunkDoc>;
  readonly nodes: Table<NodeDoc>;
  readonly journal: Table<JournalDoc>;
  /** Whether {@linkcode atomically} really is atomic. */
  readonly transactions: boolean;
  /**
   * Runs the steps of a change as one transaction where it can; elsewhere the journal covers them.
   */
  readonly atomically: Atomically;
  /** Identifies this session in the journal. */
  readonly session = new ObjectId();
  /** The memory that the open files share. */
  readonly budget: Budget;
  /** Whether an index guarantees that no file has two chunks with the same number. */
  hasUniqueChunks = false;
  readonly #clockOffset: number;

  constructor({ link, name, clockOffset = 0, atomically, budget = new Budget() }: BucketParts) {
    this.link = link;
    this.budget = budget;
    this.files = new Table(link, `${name}.files`);
    this.chunks = new Table(link, `${name}.chunks`);
    this.nodes = new Table(link, `${name}.nodes`);
    this.journal = new Table(link, `${name}.journal`);
    this.#clockOffset = clockOffset;
    this.transactions = atomically !== undefined;
    this.atomically = atomically ?? ((work) => work(undefined));
  }

  /** The current time by the server's clock, which all sessions share. */
  now(): Date {
    return new Date(Date.now() + this.#clockOffset);
  }

  /** Makes the indexes that are missing. A user who may only read works without them. */
  async ensureIndexes(): Promise<void> {
    const ensure = async (made: Promise<void>) => {
      try {
        await made;
        return true;
      } catch (error) {
        // The user may not create it, or it exists with other options: requests only get slower.
        if (error instanceof MongoServerError) return false;
        throw error;
      }
    };
    const [hasUniqueChunks] = await Promise.all([
      ensure(this.chunks.ensureIndex({ key: { files_id: 1, n: 1 }, unique: true })),
      ensure(this.files.ensureIndex({ key: { filename: 1, uploadDate: 1 } })),
      ensure(this.nodes.ensureIndex({ key: { parent: 1, _id: 1 } })),
      ensure(this.journal.ensureIndex({ key: { alive: 1 } })),
      ensure(this.journal.ensureIndex({ key: { due: 1 } })),
    ]);
    this.hasUniqueChunks = hasUniqueChunks;
  }
}

/** Connects, and finds out what the deployment can do. */
export async function connect(uri: string, options: GridFsOptions): Promise<Bucket> {
  releaseWriters();
  using _hidden = hideEnvironment();
  const { bucket: name = DEFAULT_BUCKET } = options;
  const given = parsed(() => new MongoClient(uri).options);
  const { dbName } = given;
  const problem = problemWithBucketName(name, options.database ?? dbName);
  if (problem !== undefined) {
    throw new StorageError("invalid", `this cannot be the name of a bucket: ${problem}`);
  }
  const link = linkTo(uri, options, await readTlsFiles(given));
  try {
    const asked = Date.now();
    const hello = await link.persistently(() => link.db.admin().command({ hello: 1 }));
    const here = (asked + Date.now()) / 2;
    const { localTime, setName, msg } = hello;
    const isOfMany = typeof setName === "string" || msg === "isdbgrid";
    const bucket = new Bucket({
      link,
      name,
      clockOffset: isDate(localTime) ? localTime.getTime() - here : 0,
      atomically: isOfMany && await hasTransactions(link, name) ? transactionsOn(link) : undefined,
    });
    await Promise.all([bucket.ensureIndexes(), requireReadable(bucket)]);
    return bucket;
  } catch (error) {
    await link.close();
    throw error;
  }
}

function linkTo(
  uri: string,
  { credentials, database }: GridFsOptions,
  files: MongoClientOptions,
): Link {
  return parsed(() =>
    new Link({
      patience: patienceOf(uri),
      reach(looksFor) {
        const client = new MongoClient(uri, {
          appName: "sftpwrap",
          ...(/[?&]maxPoolSize=/i.test(uri) ? {} : { maxPoolSize: MAX_CONNECTIONS }),
          serverSelectionTimeoutMS: looksFor,
          // With validation, one text that is not UTF-8 would fail every document of its batch.
          enableUtf8Validation: false,
          ...(credentials === undefined ? {} : { auth: { ...credentials } }),
          ...files,
        });
        return { client, db: client.db(database) };
      },
    })
  );
}

/** Runs code that parses the URI, and reports what it throws as an invalid URI. */
function parsed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new StorageError("invalid", "the database's URI is not valid", { cause: error });
  }
}

function isDate(value: unknown): value is Date {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

/**
 * Reads from each collection that every request needs, so that a missing permission shows at the
 * start.
 */
async function requireReadable({ link, files, chunks, nodes }: Bucket): Promise<void> {
  try {
    const nothing = { _id: new ObjectId() };
    await Promise.all([files.first(nothing), chunks.first(nothing), nodes.first({ _id: "" })]);
  } catch (error) {
    const isRefused = error instanceof MongoServerError && error.code === UNAUTHORIZED;
    if (!isRefused || link.client?.options.credentials !== undefined) throw error;
    throw new StorageError("denied", "the database requires a user, and none is named", {
      cause: error,
    });
  }
}

/** Milliseconds for which the URI says to wait for a server. */
function patienceOf(uri: string): number | undefined {
  const told = /[?&]serverSelectionTimeoutMS=(\d+)(?:&|$)/i.exec(uri)?.[1];
  return told === undefined ? undefined : Number(told);
}

/** Tries a transaction: not every deployment that calls itself a replica set supports them. */
async function hasTransactions(link: Link, name: string): Promise<boolean> {
  const files = new Table<FileDoc>(link, `${name}.files`);
  try {
    await transactionsOn(link)((session) =>
      files.first({ _id: new ObjectId() }, inSession(session))
    );
    return true;
  } catch (error) {
    if (error instanceof MongoServerError) return false;
    throw error;
  }
}

function transactionsOn(link: Link): Atomically {
  return (work) =>
    link.persistently(
      () => link.client!.withSession((session) => session.withTransaction(() => work(session))),
      { isStep: true, attempt: TRANSACTION_MS },
    );
}
