import { StorageError } from "../../errors.ts";
import { BucketClient } from "../client/bucket_client.ts";
import type { S3Client } from "../client/s3_client.ts";
import { isNotImplemented, isPreconditionFailed } from "../client/s3_errors.ts";
import type { S3Options } from "../open.ts";
import { S3Storage } from "../s3.ts";
import { workPrefix } from "../tree/keys.ts";

/** What a trial has shown. */
export interface Finding {
  /** `note`: sessions work, but lack something. */
  readonly kind: "good" | "note" | "bad" | "found" | "mended";
  /** On one line. */
  readonly text: string;
}

/** How to check a bucket. */
export interface CheckOptions {
  /** Also try what writes, and finish what crashes have left. */
  readonly mend: boolean;
}

const BYTES = new Uint8Array([0x78]);

/**
 * Tries what sessions need of a bucket, with objects that are removed again, and finds what crashes
 * have left.
 *
 * @throws {StorageError} If the bucket cannot even be listed.
 */
export async function checkS3(
  options: S3Options,
  { mend }: CheckOptions,
): Promise<readonly Finding[]> {
  const client = new BucketClient(options);
  const storage = new S3Storage(client, options, { sweeps: false });
  const findings: Finding[] = [];
  try {
    await storage.probe();
    findings.push({ kind: "good", text: "the bucket can be listed" });
    if (mend) findings.push(...await tryWriting(client, storage.prefix));
    await storage.sweep({
      mends: mend,
      found: (text) => void findings.push({ kind: mend ? "mended" : "found", text }),
    });
  } finally {
    await storage.close();
  }
  return findings;
}

async function tryWriting(client: S3Client, prefix: string): Promise<Finding[]> {
  const key = `${workPrefix(prefix)}check/${crypto.randomUUID()}`;
  const copy = `${key}-copy`;
  const findings: Finding[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work();
      findings.push({ kind: "good", text: `${what}: works` });
      return true;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      findings.push({ kind: "bad", text: `${what}: ${error.message}` });
      return false;
    }
  };
  try {
    const writes = await attempt("writing", () => client.put(key, BYTES));
    if (!writes) return findings;
    await attempt("reading", () => client.get(key, { start: 0, end: 1 }));
    findings.push(
      await tryCondition(
        "If-None-Match",
        "files that must be new",
        () => client.put(key, BYTES, { ifNoneMatch: "*" }),
      ),
    );
    findings.push(
      await tryCondition(
        "If-Match",
        "files that others edit at the same time",
        () => client.put(key, BYTES, { ifMatch: '"00000000000000000000000000000000"' }),
      ),
    );
    await attempt("copying", () => client.copy({ key }, copy));
    await attempt("uploads in parts", () => tryParts(client, key, copy));
    await attempt("removing", () => client.remove(key));
  } finally {
    await client.removeMany([key, copy]);
  }
  return findings;
}

/** Tries a condition that does not hold. */
async function tryCondition(
  header: string,
  what: string,
  write: () => Promise<unknown>,
): Promise<Finding> {
  try {
    await write();
  } catch (error) {
    if (isPreconditionFailed(error)) return { kind: "good", text: `${header}: works` };
    if (!isNotImplemented(error)) throw error;
  }
  return { kind: "note", text: `${header}: the server does not keep it, which is for ${what}` };
}

async function tryParts(client: S3Client, source: string, key: string): Promise<void> {
  const upload = { key, id: await client.createUpload(key) };
  try {
    const part = await client.putPart(upload, 1, BYTES);
    await client.completeUpload(upload, [part]);
  } catch (error) {
    await client.abortUpload(upload);
    throw error;
  }
  const other = { key, id: await client.createUpload(key) };
  try {
    await client.copyPart(other, 1, { key: source, start: 0, end: 1 });
    await client.listParts(other);
  } finally {
    await client.abortUpload(other);
  }
}
