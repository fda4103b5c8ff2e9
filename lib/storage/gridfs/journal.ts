import { type ClientSession, ObjectId } from "mongodb";
import { StorageError } from "../errors.ts";
import type { VirtualPath } from "../storage.ts";
import type { Bucket } from "./bucket.ts";
import type { EditDoc, FileId, JournalDoc, RetiredDoc, UploadDoc } from "./documents.ts";
import { idText } from "./documents.ts";
import { isDuplicate, isOfDatabase } from "./gridfs_errors.ts";

/** Milliseconds between two signs of life. */
const HEARTBEAT = 30_000;
/** Milliseconds without a sign of life after which a session counts as dead. */
export const LIFETIME = 3 * 60_000;
/** Milliseconds for which a retired version can still be read by those who have it open. */
export const GRACE = 15 * 60_000;

/** Milliseconds to wait for a name that another session is just changing. */
const PATIENCE = 10_000;
const PAUSE = 25;

/**
 * Who is at work on what: an entry for each change that takes more than one
 * step, made before the first and removed after the last. While a session
 * lives it says so; what a dead one has left is taken up by others.
 */
export class Journal {
  readonly #bucket: Bucket;
  /** The entries of work that goes on. */
  readonly #held = new Set<string>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Notes a new version whose chunks are about to come. */
  async beginUpload(file: FileId): Promise<void> {
    await this.#begin({ ...this.#work(`upload ${idText(file)}`), kind: "upload", file });
  }

  /** Takes the right to edit a file in place; false where another session has it. */
  async beginEdit(file: FileId, staged: FileId): Promise<boolean> {
    const entry: EditDoc = { ...this.#work(editId(file)), kind: "edit", file, staged };
    try {
      await this.#begin(entry);
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** Notes a rename of several steps. */
  async beginRename(from: VirtualPath, to: VirtualPath, replaces: FileId[]): Promise<string> {
    const entry = this.#work(`rename ${new ObjectId().toHexString()}`);
    await this.#begin({ ...entry, kind: "rename", from, to, replaces });
    return entry._id;
  }

  /** Adds to an entry what is known now. */
  async note(
    id: string,
    fields: Partial<UploadDoc> | Partial<EditDoc>,
    session?: ClientSession,
  ): Promise<void> {
    await this.#bucket.journal.update({ _id: id }, { $set: fields }, { session });
  }

  /**
   * Says once more that the work goes on, and fails where it does not: a
   * session that was silent for long is taken for dead.
   */
  async confirm(id: string): Promise<void> {
    const { journal } = this.#bucket;
    const alive = this.#bucket.now();
    const { matchedCount } = await this.#bucket.link.persistently(() =>
      journal.collection.updateOne({ _id: id }, { $set: { alive } })
    );
    if (matchedCount === 0) {
      throw new StorageError("failure", "the session was silent for too long");
    }
  }

  /** Gives up work that failed halfway: whoever sweeps next goes on with it. */
  abandon(id: string): void {
    this.#held.delete(id);
  }

  /** Removes entries whose work is done. */
  async end(ids: readonly string[], session?: ClientSession): Promise<void> {
    // Not held any more, whatever becomes of it: what stays is swept.
    for (const id of ids) this.#held.delete(id);
    await this.#bucket.journal.removeAll(ids, session);
  }

  /** Does `work` while no other session changes one of these names. */
  async claiming<T>(paths: readonly VirtualPath[], work: () => Promise<T>): Promise<T> {
    // In one order for all, so that no two wait for each other.
    const ids = [...new Set(paths)].sort().map((path) => `claim ${path}`);
    const held: string[] = [];
    try {
      for (const id of ids) {
        await this.#claim(id);
        held.push(id);
      }
      return await work();
    } finally {
      if (held.length > 0) await this.end(held).catch(ignoreFailure);
    }
  }

  /** Ends the signs of life. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #claim(id: string): Promise<void> {
    const { journal } = this.#bucket;
    for (let waited = 0;; waited += PAUSE) {
      try {
        await this.#begin({ ...this.#work(id), kind: "claim" });
        return;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
      await journal.remove({ _id: id, alive: { $lt: this.deadline() } });
      if (waited >= PATIENCE) throw new StorageError("failure", "another session is at this name");
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  /** Whoever has not been heard of since then is dead. */
  deadline(): Date {
    return new Date(this.#bucket.now().getTime() - LIFETIME);
  }

  #work(id: string) {
    return { _id: id, session: this.#bucket.session, alive: this.#bucket.now() };
  }

  async #begin(entry: Exclude<JournalDoc, RetiredDoc>): Promise<void> {
    const { journal, session } = this.#bucket;
    this.#startHeartbeat();
    this.#held.add(entry._id);
    try {
      await journal.insert(entry, {
        isOwn: (found) => found.kind !== "retired" && found.session.equals(session),
      });
    } catch (error) {
      this.#held.delete(entry._id);
      throw error;
    }
  }

  async #beat(): Promise<void> {
    if (this.#held.size === 0) return;
    const { journal, session } = this.#bucket;
    const filter = { _id: { $in: [...this.#held] }, session };
    await journal.collection.updateMany(filter, { $set: { alive: this.#bucket.now() } });
  }

  #startHeartbeat(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#beat().catch(ignoreFailure), HEARTBEAT);
    Deno.unrefTimer(this.#timer);
  }
}

/** The journal's id of the right to edit a file in place. */
export function editId(file: FileId): string {
  return `edit ${idText(file)}`;
}

/** The journal's id of an upload. */
export function uploadId(file: FileId): string {
  return `upload ${idText(file)}`;
}

/** The journal's id of a retired version. */
export function retiredId(file: FileId): string {
  return `retired ${idText(file)}`;
}

/** What fails here is done again later, by this session or another. */
export function ignoreFailure(error: unknown): void {
  if (!isOfDatabase(error)) throw error;
}
