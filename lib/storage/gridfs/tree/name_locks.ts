import { ObjectId } from "mongodb";
import { StorageError } from "../../errors.ts";
import type { VirtualPath } from "../../storage.ts";
import type { RenameDoc } from "../database/documents.ts";
import { LIFETIME_MS } from "../database/journal.ts";
import type { GridFsContext } from "../database/context.ts";
import { settle } from "../repair/settle.ts";

/** Milliseconds to wait for a name that another session is changing. */
const CLAIM_TIMEOUT_MS = 10_000;
/**
 * Milliseconds to wait for a directory's rename: until it is done, or another session has taken it
 * over from a dead one.
 */
const RENAME_TIMEOUT_MS = LIFETIME_MS + CLAIM_TIMEOUT_MS;
const PAUSE_MS = 25;
const LONG_PAUSE_MS = 250;

/**
 * Runs `work` while no other session changes one of these names, or renames a directory that
 * contains them: a name is locked by a claim in the journal. A rename that a dead session left
 * unfinished is finished first.
 */
export async function withNamesLocked<T>(
  context: GridFsContext,
  paths: readonly VirtualPath[],
  work: () => Promise<T>,
): Promise<T> {
  const { journal } = context;
  // In the same order in every session, so that no two wait for each other.
  const ids = [...new Set(paths)].sort().map((path) => `claim ${path}`);
  for (const began = performance.now();;) {
    const hold = new ObjectId();
    const held: string[] = [];
    let inTheWay: RenameDoc | undefined;
    try {
      // Asked at the same time, which saves a round trip to the database.
      let looking = journal.gatedRenames();
      looking.catch(() => {});
      for (const id of ids) {
        const hasWaited = await claim(context, id, hold);
        held.push(id);
        if (hasWaited) looking = journal.gatedRenames();
      }
      inTheWay = (await looking).find((entry) => paths.some((path) => concerns(entry, path)));
      if (inTheWay === undefined) return await work();
    } finally {
      if (held.length > 0) await journal.endClaims(held, hold);
    }
    if (journal.isLeft(inTheWay)) await settle(context, inTheWay);
    else await pause(LONG_PAUSE_MS);
    if (performance.now() - began > RENAME_TIMEOUT_MS) {
      throw new StorageError("failure", "another session is renaming the directory");
    }
  }
}

/** Waits for a name; returns whether it had to. */
async function claim({ journal }: GridFsContext, id: string, hold: ObjectId): Promise<boolean> {
  for (let waited = 0;; waited += PAUSE_MS) {
    if (await journal.beginClaim(id, hold)) return waited > 0;
    if (waited >= CLAIM_TIMEOUT_MS) {
      throw new StorageError("failure", "another session is changing this name");
    }
    await pause(PAUSE_MS);
  }
}

/** Whether a rename changes what is at a path, above it or below it. */
function concerns({ from, to }: RenameDoc, path: VirtualPath): boolean {
  return [from, to].some((moved) =>
    moved === path || path.startsWith(moved + "/") || moved.startsWith(path + "/")
  );
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
