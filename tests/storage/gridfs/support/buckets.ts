import { type Db, MongoClient } from "mongodb";
import { Bucket, type BucketParts } from "../../../../lib/storage/gridfs/database/bucket.ts";
import { GridFsStorage } from "../../../../lib/storage/gridfs/gridfs.ts";
import { Link } from "../../../../lib/storage/gridfs/database/link.ts";
import type { GridFsOptions } from "../../../../lib/storage/gridfs/database/options.ts";
import type { Subject } from "../../../../lib/testing/subject.ts";
import { withMongo } from "../../../support/mongodb.ts";
import { subject } from "./content.ts";

/** Buckets of one test, each empty and with a name of its own. */
export class Buckets {
  readonly client: MongoClient;
  readonly db: Db;
  #count = 0;

  constructor(client: MongoClient, db: Db) {
    this.client = client;
    this.db = db;
  }

  /** The name of a new bucket. */
  newName(): string {
    return `bucket${this.#count++}`;
  }

  /** A bucket, as one session sees it. */
  async bucket(
    name: string,
    parts: Omit<Partial<BucketParts>, "link" | "name"> = {},
  ): Promise<Bucket> {
    const bucket = new Bucket({ link: linkOn(this.db), name, ...parts });
    await bucket.ensureIndexes();
    return bucket;
  }

  /** A session on a bucket; by default a new one. */
  async storage(name = this.newName(), options: GridFsOptions = {}): Promise<GridFsStorage> {
    return new GridFsStorage(await this.bucket(name), options);
  }
}

/** A link to a database that the caller keeps open. */
export function linkOn(db: Db): Link {
  return new Link({ reach: () => ({ db }) });
}

/** Runs `use` with buckets in a database that is dropped afterwards. */
export async function withBuckets(use: (buckets: Buckets) => Promise<void>): Promise<void> {
  await withMongo(async ({ uri, database }) => {
    const client = new MongoClient(uri);
    try {
      await use(new Buckets(client, client.db(database)));
    } finally {
      await client.close();
    }
  });
}

/** One session on a bucket of its own. */
export interface Session {
  readonly buckets: Buckets;
  /** The bucket's name. */
  readonly name: string;
  readonly storage: GridFsStorage;
  /** What tests do to the storage. */
  readonly s: Subject;
}

/** Runs `use` with a session, which is closed afterwards. */
export async function withSession(use: (session: Session) => Promise<void>): Promise<void> {
  await withBuckets(async (buckets) => {
    const name = buckets.newName();
    const storage = await buckets.storage(name);
    try {
      await use({ buckets, name, storage, s: subject(storage) });
    } finally {
      await storage.close();
    }
  });
}
