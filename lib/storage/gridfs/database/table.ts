import type {
  AnyBulkWriteOperation,
  ClientSession,
  Collection,
  Filter,
  FindCursor,
  FindOptions,
  IndexDescription,
  OptionalUnlessRequiredId,
  Sort,
  UpdateFilter,
  WithId,
} from "mongodb";
import { isDuplicate } from "./gridfs_errors.ts";
import { BATCH_ATTEMPT_MS, type Link, LONG_ATTEMPT_MS } from "./link.ts";

/** The most changes in one request. FerretDB 1.24 hangs at a hundred. */
const MAX_CHANGES = 50;
/** The number of documents from which an operation counts as long. */
const MANY = 100;

/** Fields that every document of a collection has. */
type Fields = { _id: unknown };

/**
 * A collection as this storage uses it: every operation may be done twice, and is repeated when the
 * connection breaks. It runs in a transaction where one is passed.
 */
export class Table<T extends Fields> {
  readonly #link: Link;
  readonly #name: string;

  constructor(link: Link, name: string) {
    this.#link = link;
    this.#name = name;
  }

  /** The driver's collection, through the current client. */
  get collection(): Collection<T> {
    return this.#link.db.collection<T>(this.#name);
  }

  /** The first document that matches. */
  async first(filter: Filter<T>, options: FindOptions = {}): Promise<WithId<T> | undefined> {
    return await this.#link.persistently(
      () => this.collection.findOne(filter, options),
      { isStep: options.session !== undefined },
    ) ?? undefined;
  }

  /** All documents that match: only where they are few, or where there is a limit. */
  all(
    filter: Filter<T>,
    { isMany = false, ...options }: FindOptions & {
      /** Whether there may be so many that it takes longer. */
      readonly isMany?: boolean;
    } = {},
  ): Promise<WithId<T>[]> {
    const { limit } = options;
    const attempt = isMany || (limit ?? 0) >= MANY ? BATCH_ATTEMPT_MS : undefined;
    // In one batch, so that no cursor stays open on the server while its documents are changed.
    const whole = limit === undefined ? options : { ...options, batchSize: limit + 1 };
    return this.#link.persistently(
      () => this.collection.find(filter, whole).toArray(),
      { isStep: options.session !== undefined, attempt },
    );
  }

  /** The documents that match, one after another; fails when the connection breaks. */
  async *each(
    filter: Filter<T>,
    { sort, ...options }: FindOptions & { readonly sort: Sort },
  ): AsyncGenerator<WithId<T>> {
    const cursor = this.cursor(filter, options).sort(sort);
    try {
      for (;;) {
        const found = await this.#link.persistently(() => cursor.next(), {
          isStep: true,
          attempt: BATCH_ATTEMPT_MS,
        });
        if (found === null) return;
        yield found;
        yield* cursor.readBufferedDocuments();
      }
    } finally {
      // No caller waits for a cursor that hangs, or needs to know how it ended.
      void cursor.close().catch(() => {});
    }
  }

  /** A cursor; the caller starts again when it breaks. */
  cursor(filter: Filter<T>, options: FindOptions = {}): FindCursor<WithId<T>> {
    return this.collection.find(filter, options);
  }

  /**
   * Inserts a document whose key must not exist yet, or fails.
   *
   * @param isOwn Returns whether a document with the key is the one that came through before the
   * connection broke.
   */
  async insert(
    doc: T,
    { session, isOwn = () => true }: {
      readonly session?: ClientSession | undefined;
      readonly isOwn?: (found: WithId<T>) => boolean;
    } = {},
  ): Promise<void> {
    await this.#link.persistently(async (again) => {
      try {
        await this.collection.insertOne(doc as OptionalUnlessRequiredId<T>, inSession(session));
      } catch (error) {
        if (!again || !isDuplicate(error)) throw error;
        const found = await this.collection.findOne(
          { _id: doc._id } as Filter<T>,
          inSession(session),
        );
        if (found === null || !isOwn(found)) throw error;
      }
    }, { isStep: session !== undefined });
  }

  /**
   * Changes the one document that matches.
   *
   * @returns Whether there is one. If the filter includes what the change changes, there may be
   * none only because the change came through before the connection broke.
   */
  async update(
    filter: Filter<T>,
    update: UpdateFilter<T>,
    { session, upsert = false }: {
      readonly session?: ClientSession | undefined;
      readonly upsert?: boolean;
    } = {},
  ): Promise<boolean> {
    const { matchedCount } = await this.#link.persistently(
      () => this.collection.updateOne(filter, update, { ...inSession(session), upsert }),
      { isStep: session !== undefined },
    );
    return matchedCount > 0;
  }

  /** Changes the document with this key; returns it as it was before, if it exists. */
  async replaceFields(
    _id: T["_id"],
    update: UpdateFilter<T>,
    session?: ClientSession,
  ): Promise<WithId<T> | undefined> {
    // By the key alone, with the rest of the condition checked here: FerretDB has no other index.
    return await this.#link.persistently(
      () => this.collection.findOneAndUpdate({ _id } as Filter<T>, update, inSession(session)),
      { isStep: session !== undefined },
    ) ?? undefined;
  }

  /**
   * Several changes, one after another.
   *
   * @param repeated What is done instead after the connection broke: it may be stricter, because
   * the first attempt may have come through, and other sessions may have continued since.
   */
  async write(
    operations: readonly AnyBulkWriteOperation<T>[],
    session?: ClientSession,
    repeated = operations,
  ): Promise<void> {
    for (let at = 0; at < operations.length; at += MAX_CHANGES) {
      await this.#link.persistently(
        (again) => {
          const some = (again ? repeated : operations).slice(at, at + MAX_CHANGES);
          return this.collection.bulkWrite(some, inSession(session));
        },
        { isStep: session !== undefined, attempt: BATCH_ATTEMPT_MS },
      );
    }
  }

  /** Removes all documents that match; `repeated` is as with {@linkcode write}. */
  async remove(
    filter: Filter<T>,
    session?: ClientSession,
    repeated: Filter<T> = filter,
  ): Promise<void> {
    await this.#link.persistently(
      (again) => this.collection.deleteMany(again ? repeated : filter, inSession(session)),
      { isStep: session !== undefined, attempt: LONG_ATTEMPT_MS },
    );
  }

  /** Removes the documents with these keys. */
  async removeAll(ids: readonly T["_id"][], session?: ClientSession): Promise<void> {
    if (ids.length === 0) return;
    const filter = ids.length === 1 ? { _id: ids[0] } : { _id: { $in: ids } };
    await this.remove(filter as Filter<T>, session);
  }

  /** Makes an index unless it exists. */
  async ensureIndex({ key, ...options }: IndexDescription): Promise<void> {
    await this.#link.persistently(
      () => this.collection.createIndex(key, options),
      { attempt: LONG_ATTEMPT_MS },
    );
  }
}

/** The options of an operation in a transaction. */
export function inSession(session: ClientSession | undefined): { session?: ClientSession } {
  return session === undefined ? {} : { session };
}
