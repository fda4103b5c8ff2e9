import type { ObjectInfo } from "../client/s3_client.ts";
import { isPreconditionFailed } from "../client/s3_errors.ts";
import type { S3Context } from "../context.ts";
import { workPrefix } from "../tree/keys.ts";
import { leasePrefix, type Work } from "./leases.ts";
import { journalKey, readJournal, settle } from "./settle.ts";

/** A lease that was not renewed for so long is that of a session that has died. */
const STALE_MS = 2 * 60_000;
/** The longest lease; a longer one is none. */
const MAX_LEASE_BYTES = 16 * 1024;

/** What a sweep does. */
export interface SweepOptions {
  /** Whether to finish what was found, or only to report it. */
  readonly mends: boolean;
  /** Is told of each thing, in words. */
  readonly found: (what: string) => void;
  readonly staleMs?: number | undefined;
}

/** Finishes, or drops, what sessions have left that have died. */
export async function sweep(context: S3Context, options: SweepOptions): Promise<void> {
  const { client, prefix, leases, ending: signal } = context;
  const { mends, found, staleMs = STALE_MS } = options;
  const own = leasePrefix(prefix);
  let now: number | undefined;
  let after: string | undefined;
  for (;;) {
    const { entries } = await client.list(own, { after, signal });
    if (entries.length === 0) return;
    now ??= await serverTime(context);
    for (const lease of entries) {
      const id = lease.key.slice(own.length);
      if (leases.holds(id) || now - lease.modified.getTime() < staleMs) continue;
      const work = await readWork(context, lease);
      if (mends && !await take(context, lease)) continue;
      if (mends) await finish(context, id, work);
      found(told(work));
      if (mends) await client.remove(lease.key);
    }
    after = entries.at(-1)!.key;
  }
}

function told(work: Work | undefined): string {
  switch (work?.kind) {
    case "upload":
      return `unfinished upload of ${JSON.stringify(work.key)}`;
    case "draft":
      return "content of a file that was not closed";
    case "rename":
      return "unfinished rename of a directory";
    default:
      return "object that is no lease";
  }
}

/** The clock of the server, with which the leases are dated. */
async function serverTime({ client, prefix }: S3Context): Promise<number> {
  const key = `${workPrefix(prefix)}clock/${crypto.randomUUID()}`;
  await client.put(key, new Uint8Array(0));
  const info = await client.head(key);
  await client.remove(key);
  return info?.modified.getTime() ?? 0;
}

async function readWork({ client }: S3Context, lease: ObjectInfo): Promise<Work | undefined> {
  if (lease.size === 0 || lease.size > MAX_LEASE_BYTES) return undefined;
  const bytes = await client.get(lease.key, { start: 0, end: lease.size });
  try {
    const work = JSON.parse(new TextDecoder().decode(bytes));
    return typeof work?.kind === "string" ? work : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Takes over a lease, so that no other session works on it at the same time. */
async function take({ client, conditions }: S3Context, lease: ObjectInfo): Promise<boolean> {
  const bytes = await client.get(lease.key, { start: 0, end: Math.max(1, lease.size) });
  try {
    await conditions.send(
      { ifMatch: lease.etag },
      // A longer text has another ETag.
      (condition) => client.put(lease.key, new Uint8Array([...bytes, 0x20]), condition),
    );
    return true;
  } catch (error) {
    if (isPreconditionFailed(error)) return false;
    throw error;
  }
}

async function finish(context: S3Context, id: string, work: Work | undefined): Promise<void> {
  const { client, prefix } = context;
  if (work?.kind === "upload") {
    if (work.upload !== undefined) await client.abortUpload({ key: work.key, id: work.upload });
  } else if (work?.kind === "draft") {
    await removeAll(context, `${workPrefix(prefix)}drafts/${id}/`);
  } else if (work?.kind === "rename") {
    const key = journalKey(prefix, id);
    const rename = await readJournal(client, key);
    if (rename !== undefined) await settle(client, rename);
    await client.remove(key);
  }
}

async function removeAll({ client }: S3Context, prefix: string): Promise<void> {
  for (;;) {
    const { entries } = await client.list(prefix);
    if (entries.length === 0) return;
    const [failed] = await client.removeMany(entries.map(({ key }) => key));
    if (failed !== undefined) throw failed.error;
  }
}
