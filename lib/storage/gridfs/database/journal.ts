import { type ClientSession, ObjectId } from "mongodb";
import { StorageError } from "../../errors.ts";
import type { Bucket } from "./bucket.ts";
import type { FileId, JournalDoc, RenameDoc, WorkDoc } from "./documents.ts";
import { idText } from "./documents.ts";
import { isDuplicate, isOfDatabase } from "./gridfs_errors.ts";

/** Milliseconds between two heartbeats. */
const HEARTBEAT_MS = 30_000;
/** Milliseconds without a heartbeat after which a session counts as dead. */
export const LIFETIME_MS = 3 * 60_000;
/** Milliseconds for which sessions that have a retired version open can still read it. */
export const GRACE_MS = 15 * 60_000;

/** The journal's id of the entry that lists the renames which no other change may interrupt. */
const GATE = "gate";

/**
 * Which session is at work on what: an entry for each change that takes more than one step, made
 * before the first step and removed after the last. A session renews its entries while it lives;
 * other sessions take over what a dead one has left. An entry belongs to one session at a time, and
 * a session takes it before it continues the work.
 */
export class Journal {
  readonly #bucket: Bucket;
  /** The entries of work in progress. */
  readonly #held = new Set<string>();
  /** Own entries whose work stopped halfway, each with its hold where it is a claim. */
  readonly #abandoned = new Map<string, ObjectId | undefined>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /**
   * Records a new version whose chunks are about to be sent, and the version that it begins from.
   */
  async beginUpload(file: FileId, base?: FileId): Promise<void> {
    const entry = this.#work(uploadId(file));
    await this.#begin({ ...entry, kind: "upload", file, ...(base === undefined ? {} : { base }) });
  }

  /** Records a rename of several steps. */
  async beginRename(
    rename: Pick<RenameDoc, "from" | "to" | "what" | "replaces">,
  ): Promise<RenameDoc> {
    const id = `rename ${new ObjectId().toHexString()}`;
    const entry: RenameDoc = { ...this.#work(id), ...rename, kind: "rename" };
    try {
      await this.#begin(entry);
      if (isGated(rename.what)) await this.#openGate(id);
    } catch (error) {
      // The insert may have come through.
      this.abandon(entry);
      throw error;
    }
    return entry;
  }

  /**
   * Claims a name.
   *
   * @returns Whether the name is now this session's.
   */
  async beginClaim(id: string, hold: ObjectId): Promise<boolean> {
    try {
      await this.#begin({ ...this.#work(id), kind: "claim", hold });
      return true;
    } catch (error) {
      if (!isDuplicate(error)) {
        // The insert may have come through.
        this.#abandoned.set(id, hold);
        throw error;
      }
    }
    const { journal } = this.#bucket;
    // The claim of a session that has died, or one that this session could not release.
    const before = this.#abandoned.get(id);
    if (before !== undefined) await this.#giveBack(id, before);
    else await journal.remove({ _id: id, alive: { $lt: this.deadline() } });
    return false;
  }

  /** Releases claimed names; a claim whose removal fails is released later. */
  async endClaims(ids: readonly string[], hold: ObjectId): Promise<void> {
    for (const id of ids) this.#held.delete(id);
    try {
      const mine = ids.map((_id) => ({ deleteOne: { filter: { _id, hold } } }));
      const isLong = Date.now() - hold.getTimestamp().getTime() > LIFETIME_MS / 2;
      // By the hold, because another session may have the name by now.
      const all = isLong ? mine : ids.map((_id) => ({ deleteOne: { filter: { _id } } }));
      await this.#bucket.journal.write(all, undefined, mine);
    } catch (error) {
      for (const id of ids) this.#abandoned.set(id, hold);
      ignoreFailure(error);
    }
  }

  /**
   * Adds what is known now to an own entry, or renews it.
   *
   * @throws {StorageError} If it is no longer this session's: a session that was silent for too
   * long counts as dead.
   */
  async note(
    id: string,
    fields: Readonly<Record<string, unknown>>,
    session?: ClientSession,
  ): Promise<void> {
    const changes = { ...fields, alive: this.#bucket.now() };
    const entry = await this.#bucket.journal.replaceFields(id, { $set: changes }, session);
    if (entry !== undefined && "session" in entry && entry.session.equals(this.#bucket.session)) {
      return;
    }
    throw new StorageError("failure", "the session was silent for too long");
  }

  /** Gives up work that failed halfway: the next sweep continues it. */
  abandon({ _id: id, kind }: Pick<WorkDoc, "_id" | "kind">): void {
    this.#held.delete(id);
    // The outcome of an upload is known for sure only when none of its requests is in flight any
    // more.
    if (kind === "rename") this.#abandoned.set(id, undefined);
  }

  /** Own work that stopped halfway, and that this session can finish by itself. */
  get abandoned(): readonly string[] {
    return [...this.#abandoned.keys()];
  }

  /** Another session has finished it, or it was never made. */
  forget(id: string): void {
    this.#abandoned.delete(id);
  }

  /** Whether an entry has been left by its session. */
  isLeft({ _id: id, alive }: WorkDoc): boolean {
    return alive < this.deadline() || this.#abandoned.has(id);
  }

  /** Takes over an entry that was left; false where another session has done so. */
  async take({ _id: id, session, alive }: WorkDoc): Promise<boolean> {
    if (this.#held.has(id)) return false;
    this.#held.add(id);
    const { journal } = this.#bucket;
    const hold = new ObjectId();
    const claim = `claim ${id}`;
    let isMine = false;
    try {
      // By a unique key: not every server compares and changes in one step.
      if (!await this.beginClaim(claim, hold)) return false;
      try {
        const entry = await journal.first({ _id: id });
        isMine = entry !== undefined && "alive" in entry && entry.session.equals(session) &&
          entry.alive.getTime() === alive.getTime();
        if (isMine) {
          const mine = { session: this.#bucket.session, alive: this.#bucket.now() };
          await journal.update({ _id: id }, { $set: mine });
        }
        this.#abandoned.delete(id);
      } finally {
        await this.endClaims([claim], hold);
      }
    } finally {
      if (!isMine) this.#held.delete(id);
    }
    return isMine;
  }

  /** Releases own claims that could not be released before. */
  async endLeftClaims(): Promise<void> {
    for (const [id, hold] of [...this.#abandoned]) {
      if (hold !== undefined) await this.#giveBack(id, hold);
    }
  }

  /** Removes an entry whose work is done. */
  async end(id: string, session?: ClientSession): Promise<void> {
    // Not renewed any more, even if this fails: what stays is swept.
    this.#held.delete(id);
    await this.#bucket.journal.removeAll([id], session);
  }

  /** The renames that no other change may interrupt. */
  async gatedRenames(): Promise<RenameDoc[]> {
    const gate = await this.#bucket.journal.first({ _id: GATE });
    if (gate?.kind !== "gate" || gate.renames.length === 0) return [];
    const entries = await this.#bucket.journal.all({ _id: { $in: gate.renames } });
    return entries.filter((entry) => entry.kind === "rename");
  }

  /** Removes a finished rename from that list. */
  async closeGate(rename: string): Promise<void> {
    await this.#bucket.journal.update({ _id: GATE }, { $pull: { renames: rename } });
  }

  /**
   * Removes the gate where none of its renames exists any more; a rename's entry is made before the
   * gate and removed after it.
   */
  async sweepGate(): Promise<void> {
    const { journal } = this.#bucket;
    const gate = await journal.first({ _id: GATE });
    if (gate?.kind !== "gate") return;
    const known = await journal.all({ _id: { $in: gate.renames } }, { projection: { _id: 1 } });
    for (const id of gate.renames) {
      if (!known.some(({ _id }) => _id === id)) await this.closeGate(id);
    }
    await journal.remove({ _id: GATE, renames: { $size: 0 } });
  }

  /** Ends the heartbeats. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** A session without a heartbeat since this time is dead. */
  deadline(): Date {
    return new Date(this.#bucket.now().getTime() - LIFETIME_MS);
  }

  async #giveBack(id: string, hold: ObjectId): Promise<void> {
    await this.#bucket.journal.remove({ _id: id, hold });
    if (this.#abandoned.get(id)?.equals(hold)) this.#abandoned.delete(id);
  }

  async #openGate(rename: string): Promise<void> {
    const change = { $addToSet: { renames: rename }, $setOnInsert: { kind: "gate" } } as const;
    const open = () => this.#bucket.journal.update({ _id: GATE }, change, { upsert: true });
    try {
      await open();
    } catch (error) {
      // Another session made it at the same moment.
      if (!isDuplicate(error)) throw error;
      await open();
    }
  }

  #work(id: string) {
    return { _id: id, session: this.#bucket.session, alive: this.#bucket.now() };
  }

  async #begin(entry: WorkDoc): Promise<void> {
    const { journal, session } = this.#bucket;
    this.#startHeartbeat();
    await journal.insert(entry, { isOwn: (found) => isSame(found, entry, session) });
    this.#held.add(entry._id);
  }

  async #beat(): Promise<void> {
    if (this.#held.size === 0) return;
    const { journal, session } = this.#bucket;
    const filter = { _id: { $in: [...this.#held] }, session };
    await journal.collection.updateMany(filter, { $set: { alive: this.#bucket.now() } });
  }

  #startHeartbeat(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#beat().catch(ignoreFailure), HEARTBEAT_MS);
    Deno.unrefTimer(this.#timer);
  }
}

/**
 * Whether no other session may change anything that a rename concerns: its single steps would be
 * visible meanwhile.
 */
export function isGated(what: RenameDoc["what"]): boolean {
  return what.kind !== "file" || what.link !== undefined;
}

/** Whether an entry that was found is the one that this session tried to insert. */
function isSame(found: JournalDoc, entry: WorkDoc, session: ObjectId): boolean {
  if (entry.kind === "claim") return found.kind === "claim" && found.hold.equals(entry.hold);
  return found.kind === entry.kind && found.session.equals(session);
}

/** The journal's id of an upload. */
export function uploadId(file: FileId): string {
  return `upload ${idText(file)}`;
}

/** The journal's id of a retired version. */
export function retiredId(file: FileId): string {
  return `retired ${idText(file)}`;
}

/**
 * Does the rest of the work after the decisive step. If the database fails in it, the work is done
 * nevertheless: the entry stays, and is swept.
 */
export async function finishNowOrLater(
  journal: Journal,
  entry: Pick<WorkDoc, "_id" | "kind">,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    journal.abandon(entry);
    ignoreFailure(error);
  }
}

/** What fails here is done again later, by this session or another. */
export function ignoreFailure(error: unknown): void {
  if (!isOfDatabase(error)) throw error;
}
