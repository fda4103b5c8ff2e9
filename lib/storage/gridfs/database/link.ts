import { type Db, type MongoClient, MongoServerError } from "mongodb";
import { hideEnvironment } from "./driver.ts";
import { isAway, isConnectionLost, isOfDatabase, Silence } from "./gridfs_errors.ts";

/** Milliseconds for which the database may be away, where the URI does not say. */
const OUTAGE_LIMIT_MS = 10_000;
/** Milliseconds for one attempt at a quick operation. */
const ATTEMPT_MS = 15_000;
/**
 * Milliseconds for one attempt at an operation on several documents, which may take a busy database
 * a while.
 */
export const BATCH_ATTEMPT_MS = 2 * 60_000;
/** Milliseconds for one attempt at an operation that takes longer the more there is. */
export const LONG_ATTEMPT_MS = 10 * 60_000;
/**
 * Milliseconds for which a client looks for a server before a new client gets the rest of the time.
 */
const FIRST_SELECTION_MS = 3000;
/** Milliseconds for the end of the connection. */
const CLOSE_TIMEOUT_MS = 2000;

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1000;

/** A database, and the client that reaches it where the link may replace that client. */
export interface Reached {
  readonly db: Db;
  readonly client?: MongoClient;
}

export interface LinkParts {
  /**
   * Connects to the database with a new client.
   *
   * @param looksFor Milliseconds for which it looks for a server.
   */
  readonly reach: (looksFor: number) => Reached;
  /** Milliseconds for which the database may be away. */
  readonly patience?: number | undefined;
  /** Milliseconds for one attempt at a quick operation. */
  readonly attempt?: number | undefined;
}

/** How an operation is tried. */
export interface Trying {
  /**
   * Milliseconds after which an attempt counts as lost; after a second lost attempt the operation
   * fails.
   */
  readonly attempt?: number | undefined;
  /** Whether it is a step of a transaction, which can only be repeated as a whole. */
  readonly isStep?: boolean | undefined;
}

/**
 * The connection to the database. The driver recovers from most failures, but not from all: it may
 * wait forever for a socket that has already closed, and if it has sent its check for the server's
 * return there, everything after it waits too. So every operation has a deadline here; a client
 * that misses one is thrown away, and a new client repeats what may be done twice.
 */
export class Link {
  readonly #reach: LinkParts["reach"];
  readonly #patience: number;
  readonly #attempt: number;
  #looksFor: number;
  #reached: Reached;
  #isClosed = false;
  /** Operations that no caller waits for any more, but that still run. */
  readonly #underWay = new Set<Promise<unknown>>();

  constructor({ reach, patience = OUTAGE_LIMIT_MS, attempt = ATTEMPT_MS }: LinkParts) {
    this.#reach = reach;
    this.#patience = patience;
    this.#attempt = attempt;
    this.#looksFor = Math.min(FIRST_SELECTION_MS, patience / 2);
    using _hidden = hideEnvironment();
    this.#reached = reach(this.#looksFor);
  }

  /** The database, through the current client. */
  get db(): Db {
    return this.#reached.db;
  }

  /** The current client; undefined where the caller owns it. */
  get client(): MongoClient | undefined {
    return this.#reached.client;
  }

  /**
   * Runs an operation that may be done twice, and for a while repeats it when the connection
   * breaks: the driver itself repeats writes only on deployments that remember them, and waits only
   * for a server that it knows to be away.
   *
   * @param work Receives whether it is repeated; must ask for {@linkcode db} each time.
   */
  persistently<T>(work: (again: boolean) => Promise<T>, trying: Trying = {}): Promise<T> {
    return this.#noted(this.#persistently(work, trying));
  }

  async #persistently<T>(
    work: (again: boolean) => Promise<T>,
    { attempt = this.#attempt, isStep = false }: Trying,
  ): Promise<T> {
    const began = performance.now();
    let silences = 0;
    let again = false;
    for (let pause = FIRST_PAUSE_MS;; pause = Math.min(MAX_PAUSE_MS, pause * 2)) {
      const reached = this.#reached;
      try {
        return await before(attempt, this.#noted(work(again)));
      } catch (error) {
        // Operations that run while their client is thrown away fail in many ways.
        const wasCut = reached !== this.#reached && isOfDriver(error);
        const isSilent = error instanceof Silence;
        if (isSilent) silences++;
        if (isAway(error)) this.#renew(reached);
        else if (!wasCut && !isConnectionLost(error)) throw error;
        const isOver = isSilent ? silences > 1 : performance.now() - began >= this.#patience;
        if (isOver || wasCut && (isStep || this.#isClosed)) throw new Silence({ cause: error });
        if (isStep || this.#isClosed) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (this.#isClosed) throw new Silence();
      again = true;
    }
  }

  /** Ends the connection, and waits a while for operations that still run. */
  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await before(CLOSE_TIMEOUT_MS, this.#end());
    } catch (error) {
      if (!isOfDatabase(error)) throw error;
    }
  }

  async #end(): Promise<void> {
    await this.client?.close();
    await Promise.allSettled(this.#underWay);
  }

  #noted<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const forget = () => this.#underWay.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Replaces a client that hangs with a new one, unless another operation has already done so. */
  #renew(failed: Reached): void {
    const { client } = failed;
    if (failed !== this.#reached || client === undefined || this.#isClosed) return;
    // A short search and a long one take turns: together they fill the time.
    this.#looksFor = Math.max(1, this.#patience - this.#looksFor);
    const hidden = hideEnvironment();
    try {
      this.#reached = this.#reach(this.#looksFor);
    } catch (error) {
      hidden[Symbol.dispose]();
      throw error;
    }
    // Operations on the client report this failure, and none waits for a connect that hangs.
    const connecting = this.client?.connect().catch(() => {});
    void this.#noted(Promise.resolve(connecting).finally(() => hidden[Symbol.dispose]()));
    void this.#noted(client.close().catch(() => {}));
  }
}

/** Whether the driver failed, and not the database that it talks to. */
function isOfDriver(error: unknown): boolean {
  return isOfDatabase(error) && !(error instanceof MongoServerError);
}

/** Waits for `work`, but at most this many milliseconds. */
async function before<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Silence()), milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
