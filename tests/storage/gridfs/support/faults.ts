import { type Collection, type Db, MongoNetworkError, MongoServerError } from "mongodb";
import { Link } from "../../../../lib/storage/gridfs/database/link.ts";
import { WRITES } from "./stopping.ts";

/** How the one failing write fails. */
export type Fault =
  /** The database does nothing, and reports an error. */
  | "refused"
  /** The database does it, and reports an error. */
  | "done but refused"
  /** The connection breaks before it, and nothing gets through until it is mended. */
  | "cut"
  /** The connection breaks after it. */
  | "done but cut";

/** A database on which one write fails. */
export class Faults {
  /** The link to it, without patience: a connection that breaks stays broken. */
  readonly link: Link;
  readonly #fault: Fault;
  #left: number;
  #isAway = false;

  /** @param writes How many writes are done before the one that fails. */
  constructor(db: Db, { writes, fault }: { readonly writes: number; readonly fault: Fault }) {
    this.#left = writes;
    this.#fault = fault;
    const faulty = new Proxy(db, {
      get: (target, name) =>
        name === "collection"
          ? (collection: string) => this.#collection(target.collection(collection))
          : valueOf(target, name),
    });
    this.link = new Link({ reach: () => ({ db: faulty }), patience: 1 });
  }

  /** Whether the failing write was reached. */
  get hasFailed(): boolean {
    return this.#left < 0;
  }

  /** Lets everything through from now on. */
  mend(): void {
    this.#isAway = false;
    this.#left = this.hasFailed ? -1 : Infinity;
  }

  #collection(collection: Collection): Collection {
    return new Proxy(collection, {
      get: (target, name) => {
        const value = valueOf(target, name);
        if (typeof value !== "function") return value;
        if (name === "find") return (...args: unknown[]) => this.#cursor(value(...args));
        return (...args: unknown[]) => this.#call(name, () => value(...args));
      },
    });
  }

  /** A cursor that breaks as well. */
  #cursor(cursor: object): object {
    return new Proxy(cursor, {
      get: (target, name) => {
        const value = valueOf(target, name);
        if (name !== "toArray" || typeof value !== "function") return value;
        return () => this.#call(name, () => value());
      },
    });
  }

  async #call(name: PropertyKey, work: () => unknown): Promise<unknown> {
    if (this.#isAway) throw cut();
    if (!WRITES.has(name) || this.#left < 0 || --this.#left >= 0) return await work();
    if (this.#fault === "done but refused" || this.#fault === "done but cut") await work();
    if (this.#fault === "refused" || this.#fault === "done but refused") throw refusal();
    this.#isAway = true;
    throw cut();
  }
}

function cut(): MongoNetworkError {
  return new MongoNetworkError("cut");
}

function refusal(): MongoServerError {
  return new MongoServerError({ message: "InternalError", code: 1 });
}

function valueOf(target: object, name: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? value.bind(target) : value;
}
