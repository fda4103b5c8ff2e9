import { type ClientSession, ObjectId } from "mongodb";
import { StorageError } from "../../errors.ts";
import type { Bucket } from "./bucket.ts";
import type { FileId, JournalDoc, RenameDoc, WorkDoc } from "./documents.ts";
import { idText } from "./documents.ts";
import { isDuplicate, isOfDatabase } from "./gridfs_errors.ts";

/** Milliseconds between two signs of life. */
const HEARTBEAT_MS = 30_000;
/** Milliseconds without a sign of life after which a session counts as dead. */
export const LIFETIME_MS = 3 * 60_000;
/** Milliseconds for which a retired version can still be read by those who have it open. */
export const GRACE_MS = 15 * 60_000;

/** The journal's id of the entry that tells which renames nobody may come between. */
const GATE = "gate";

/**
 * Who is at work on what: an entry for each change that takes more than one
 * step, made before the first and removed after the last. While a session
 * lives it says so; what a dead one has left is taken up by others. An entry
 * is one session's at a time, and whoever goes on with it takes it first.
 */
export class Journal {
  readonly #bucket: Bucket;
  /** The entries of work that goes on. */
  readonly #held = new Set<string>();
  /** Own entries whose work ended halfway, with the hold where it is a claim. */
  readonly #abandoned = new Map<string, ObjectId | undefined>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Notes a new version whose chunks are about to come, and the one that it begins from. */
  async beginUpload(file: FileId, base?: FileId): Promise<void> {
    const entry = this.#work(uploadId(file));
    await this.#begin({ ...entry, kind: "upload", file, ...(base === undefined ? {} : { base }) });
  }

  /** Notes a rename of several steps. */
  async beginRename(
    rename: Pick<RenameDoc, "from" | "to" | "what" | "replaces">,
  ): Promise<RenameDoc> {
    const id = `rename ${new ObjectId().toHexString()}`;
    const entry: RenameDoc = { ...this.#work(id), ...rename, kind: "rename" };
    try {
      await this.#begin(entry);
      if (isGated(rename.what)) await this.#openGate(id);
    } catch (error) {
      // It may have come through.
      this.abandon(entry);
      throw error;
    }
    return entry;
  }

  /**
   * Claims a name.
   *
   * @returns Whether nobody else has it.
   */
  async beginClaim(id: string, hold: ObjectId): Promise<boolean> {
    try {
      await this.#begin({ ...this.#work(id), kind: "claim", hold });
      return true;
    } catch (error) {
      if (!isDuplicate(error)) {
        // It may have come through.
        this.#abandoned.set(id, hold);
        throw error;
      }
    }
    const { journal } = this.#bucket;
    // Of a session that has died, or what this one could not give back.
    const before = this.#abandoned.get(id);
    if (before !== undefined) await this.#giveBack(id, before);
    else await journal.remove({ _id: id, alive: { $lt: this.deadline() } });
    return false;
  }

  /** Gives claimed names back; what stays is given back later. */
  async endClaims(ids: readonly string[], hold: ObjectId): Promise<void> {
    for (const id of ids) this.#held.delete(id);
    try {
      const mine = ids.map((_id) => ({ deleteOne: { filter: { _id, hold } } }));
      const isLong = Date.now() - hold.getTimestamp().getTime() > LIFETIME_MS / 2;
      // By the hold where another session may have it by now.
      const all = isLong ? mine : ids.map((_id) => ({ deleteOne: { filter: { _id } } }));
      await this.#bucket.journal.write(all, undefined, mine);
    } catch (error) {
      for (const id of ids) this.#abandoned.set(id, hold);
      ignoreFailure(error);
    }
  }

  /**
   * Adds to an own entry what is known now, or says once more that the work goes on.
   *
   * @throws {StorageError} Where it is no longer this session's: one that was silent for long is
   * taken for dead.
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

  /** Gives up work that failed halfway: whoever sweeps next goes on with it. */
  abandon({ _id: id, kind }: Pick<WorkDoc, "_id" | "kind">): void {
    this.#held.delete(id);
    // What is to become of an upload is known for sure only when nothing more is on its way.
    if (kind === "rename") this.#abandoned.set(id, undefined);
  }

  /** Own work that ended halfway, and that this session can end by itself. */
  get abandoned(): readonly string[] {
    return [...this.#abandoned.keys()];
  }

  /** Another session has ended it, or it never came into being. */
  forget(id: string): void {
    this.#abandoned.delete(id);
  }

  /** Whether it is said of an entry that nobody is at it. */
  isLeft({ _id: id, alive }: WorkDoc): boolean {
    return alive < this.deadline() || this.#abandoned.has(id);
  }

  /** Takes an entry that was left over; false where another one has done so. */
  async take({ _id: id, session, alive }: WorkDoc): Promise<boolean> {
    if (this.#held.has(id)) return false;
    this.#held.add(id);
    const { journal } = this.#bucket;
    const hold = new ObjectId();
    const claim = `claim ${id}`;
    let isMine = false;
    try {
      // By a key that there can be once: not every server compares and changes in one step.
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

  /** Gives back own claims that could not be given back before. */
  async endLeftClaims(): Promise<void> {
    for (const [id, hold] of [...this.#abandoned]) {
      if (hold !== undefined) await this.#giveBack(id, hold);
    }
  }

  /** Removes an entry whose work is done. */
  async end(id: string, session?: ClientSession): Promise<void> {
    // Not held any more, whatever becomes of it: what stays is swept.
    this.#held.delete(id);
    await this.#bucket.journal.removeAll([id], session);
  }

  /** The renames that nobody may come between. */
  async gatedRenames(): Promise<RenameDoc[]> {
    const gate = await this.#bucket.journal.first({ _id: GATE });
    if (gate?.kind !== "gate" || gate.renames.length === 0) return [];
    const entries = await this.#bucket.journal.all({ _id: { $in: gate.renames } });
    return entries.filter((entry) => entry.kind === "rename");
  }

  /** A rename that nobody may come between is over. */
  async closeGate(rename: string): Promise<void> {
    await this.#bucket.journal.update({ _id: GATE }, { $pull: { renames: rename } });
  }

  /** Removes the gate, where nothing is behind it; an entry is there before and after its gate. */
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

  /** Ends the signs of life. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Whoever has not been heard of since then is dead. */
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

/** Whether nobody may change anything that a rename concerns: its steps can be seen meanwhile. */
export function isGated(what: RenameDoc["what"]): boolean {
  return what.kind !== "file" || what.link !== undefined;
}

/** Whether an entry that was found is the one that was to be made. */
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
 * Does what is left when the step that counts is done. Where the database
 * fails in it, the work is no less done: the entry remains, and is swept.
 */
export async function laterAtWorst(
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
