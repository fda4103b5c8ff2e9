import type {
  AnyBulkWriteOperation,
  ClientSession,
  Collection,
  Filter,
  FindCursor,
  FindOptions,
  IndexDescription,
  OptionalUnlessRequiredId,
  UpdateFilter,
  WithId,
} from "mongodb";
import { isDuplicate, persistently } from "./gridfs_errors.ts";

/** Changes in one request. FerretDB 1.24 stands still at a hundred. */
const MOST_AT_ONCE = 50;

/** Fields that every document of a collection has. */
type Fields = { _id: unknown };

/**
 * A collection as this storage uses it: every operation may be done twice, and
 * is, where the connection broke. On a transaction where one is handed over.
 */
export class Table<T extends Fields> {
  readonly collection: Collection<T>;

  constructor(collection: Collection<T>) {
    this.collection = collection;
  }

  /** The first document that fits. */
  async first(filter: Filter<T>, options: FindOptions = {}): Promise<WithId<T> | undefined> {
    return await persistently(() => this.collection.findOne(filter, options)) ?? undefined;
  }

  /** All documents that fit: only where they are few, or where there is a limit. */
  all(filter: Filter<T>, options: FindOptions = {}): Promise<WithId<T>[]> {
    const { limit } = options;
    // In one batch, so that no cursor stays open on the server while its documents are changed.
    const whole = limit === undefined ? options : { ...options, batchSize: limit + 1 };
    return persistently(() => this.collection.find(filter, whole).toArray());
  }

  /** The documents that fit, one after another; who reads them begins again where it breaks. */
  cursor(filter: Filter<T>, options: FindOptions = {}): FindCursor<WithId<T>> {
    return this.collection.find(filter, options);
  }

  /**
   * Inserts a document whose key nobody else uses, or fails.
   *
   * @param isOwn Whether a document with the key is the one that came through before the connection
   * broke.
   */
  async insert(
    doc: T,
    { session, isOwn = () => true }: {
      readonly session?: ClientSession | undefined;
      readonly isOwn?: (found: WithId<T>) => boolean;
    } = {},
  ): Promise<void> {
    await persistently(async (again) => {
      try {
        await this.collection.insertOne(doc as OptionalUnlessRequiredId<T>, within(session));
      } catch (error) {
        if (!again || !isDuplicate(error)) throw error;
        const found = await this.collection.findOne({ _id: doc._id } as Filter<T>, within(session));
        if (found === null || !isOwn(found)) throw error;
      }
    });
  }

  /** Changes the one document that fits. */
  async update(
    filter: Filter<T>,
    update: UpdateFilter<T>,
    { session, upsert = false }: {
      readonly session?: ClientSession | undefined;
      readonly upsert?: boolean;
    } = {},
  ): Promise<void> {
    await persistently(() =>
      this.collection.updateOne(filter, update, { ...within(session), upsert })
    );
  }

  /** Several changes, one after another. */
  async write(
    operations: readonly AnyBulkWriteOperation<T>[],
    session?: ClientSession,
  ): Promise<void> {
    for (let at = 0; at < operations.length; at += MOST_AT_ONCE) {
      const some = operations.slice(at, at + MOST_AT_ONCE);
      await persistently(() => this.collection.bulkWrite(some, within(session)));
    }
  }

  /** Removes all documents that fit. */
  async remove(filter: Filter<T>, session?: ClientSession): Promise<void> {
    await persistently(() => this.collection.deleteMany(filter, within(session)));
  }

  /** Removes the documents with these keys. */
  async removeAll(ids: readonly T["_id"][], session?: ClientSession): Promise<void> {
    if (ids.length === 0) return;
    const filter = ids.length === 1 ? { _id: ids[0] } : { _id: { $in: ids } };
    await this.remove(filter as Filter<T>, session);
  }

  /** Makes an index where there is none. */
  async ensureIndex({ key, ...options }: IndexDescription): Promise<void> {
    await persistently(() => this.collection.createIndex(key, options));
  }
}

/** The options of an operation on a transaction. */
export function within(session: ClientSession | undefined): { session?: ClientSession } {
  return session === undefined ? {} : { session };
}
