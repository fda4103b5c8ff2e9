import type { Collection, Db } from "mongodb";

/** The error that a dying session gets. */
export class Stop extends Error {}

/** The operations that change something. */
export const WRITES: ReadonlySet<PropertyKey> = new Set([
  "insertOne",
  "insertMany",
  "updateOne",
  "findOneAndUpdate",
  "updateMany",
  "bulkWrite",
  "deleteOne",
  "deleteMany",
]);

/** A database for a session that dies: after this many writes, it does none and reports nothing. */
export class Stopping {
  readonly db: Db;
  #left: number;

  /** @param writes How many writes are done; every later one fails. */
  constructor(db: Db, writes: number) {
    this.#left = writes;
    this.db = new Proxy(db, {
      get: (target, name) =>
        name === "collection"
          ? (collection: string) => this.#collection(target.collection(collection))
          : valueOf(target, name),
    });
  }

  /** Whether the session has died. */
  get hasStopped(): boolean {
    return this.#left < 0;
  }

  #collection(collection: Collection): Collection {
    return new Proxy(collection, {
      get: (target, name) => {
        const value = valueOf(target, name);
        if (!WRITES.has(name) || typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (--this.#left < 0) return Promise.reject(new Stop("the session has died"));
          return value(...args);
        };
      },
    });
  }
}

function valueOf(target: object, name: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? value.bind(target) : value;
}
