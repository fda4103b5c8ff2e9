import { type Db, type MongoClient, MongoServerError } from "mongodb";
import { hideEnvironment } from "./driver.ts";
import { isAway, isConnectionLost, isOfDatabase, Silence } from "./gridfs_errors.ts";

/** Milliseconds for which the database may be away, where the URI does not say. */
const OUTAGE_LIMIT_MS = 10_000;
/** Milliseconds for one attempt at what is quickly done. */
const ATTEMPT_MS = 15_000;
/** Milliseconds for one attempt at several documents at once, which a busy database takes its time for. */
export const BATCH_ATTEMPT_MS = 2 * 60_000;
/** Milliseconds for one attempt at what takes the longer, the more there is. */
export const LONG_ATTEMPT_MS = 10 * 60_000;
/** Milliseconds in which a client looks for a server before a new one has the rest of the time. */
const FIRST_SELECTION_MS = 3000;
/** Milliseconds for a last good-bye. */
const CLOSE_TIMEOUT_MS = 2000;

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1000;

/** A database, and the client by which it is reached where that may be thrown away. */
export interface Reached {
  readonly db: Db;
  readonly client?: MongoClient;
}

/** What a link is made of. */
export interface LinkParts {
  /**
   * Reaches for the database by a new client.
   *
   * @param looksFor Milliseconds for which it looks for a server.
   */
  readonly reach: (looksFor: number) => Reached;
  /** Milliseconds for which the database may be away. */
  readonly patience?: number | undefined;
  /** Milliseconds for one attempt at what is quickly done. */
  readonly attempt?: number | undefined;
}

/** How something is tried. */
export interface Trying {
  /** Milliseconds after which an attempt counts as lost; twice, and it has failed. */
  readonly attempt?: number | undefined;
  /** It is a step of a transaction, which only as a whole can be done again. */
  readonly isStep?: boolean | undefined;
}

/**
 * The way to the database. The driver mends most of what breaks on it, but not
 * all: it may wait for ever for a socket that has closed already, and where it
 * has asked there whether the server is back, so does all that comes after. So
 * everything has a deadline here; the client that misses one is thrown away,
 * and what may be done twice is done again by a new one.
 */
export class Link {
  readonly #reach: LinkParts["reach"];
  readonly #patience: number;
  readonly #attempt: number;
  #looksFor: number;
  #reached: Reached;
  #isClosed = false;
  /** What nobody may wait for any more, but which still goes on. */
  readonly #underWay = new Set<Promise<unknown>>();

  constructor({ reach, patience = OUTAGE_LIMIT_MS, attempt = ATTEMPT_MS }: LinkParts) {
    this.#reach = reach;
    this.#patience = patience;
    this.#attempt = attempt;
    this.#looksFor = Math.min(FIRST_SELECTION_MS, patience / 2);
    using _hidden = hideEnvironment();
    this.#reached = reach(this.#looksFor);
  }

  /** The database, by the client of this moment. */
  get db(): Db {
    return this.#reached.db;
  }

  /** The client of this moment; undefined where it is somebody else's. */
  get client(): MongoClient | undefined {
    return this.#reached.client;
  }

  /**
   * Does what may be done twice, again where the connection broke, for a while:
   * the driver itself repeats writes only on deployments that remember them, and
   * waits only for a server that it knows to be away.
   *
   * @param work Is told whether it is done again; asks for {@linkcode db} each time.
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
        // What is under way while its client is thrown away fails in many ways.
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

  /** Ends the connection, and waits a while for the end of what is still under way. */
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

  /** Puts a new client in the place of one that hangs, unless somebody else has done so. */
  #renew(failed: Reached): void {
    const { client } = failed;
    if (failed !== this.#reached || client === undefined || this.#isClosed) return;
    // A short look and a long one take turns: together they fill the time.
    this.#looksFor = Math.max(1, this.#patience - this.#looksFor);
    const hidden = hideEnvironment();
    try {
      this.#reached = this.#reach(this.#looksFor);
    } catch (error) {
      hidden[Symbol.dispose]();
      throw error;
    }
    // Of a failure here whoever uses the client hears, and nobody waits for what hangs.
    const connecting = this.client?.connect().catch(() => {});
    void this.#noted(Promise.resolve(connecting).finally(() => hidden[Symbol.dispose]()));
    void this.#noted(client.close().catch(() => {}));
  }
}

/** Whether the driver failed, and not the database behind it. */
function isOfDriver(error: unknown): boolean {
  return isOfDatabase(error) && !(error instanceof MongoServerError);
}

/** Waits for `work`, but not for longer than so many milliseconds. */
async function before<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Silence()), milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
