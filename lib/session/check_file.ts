import { after, repeat } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import type { Checkpoint, FileHandle, MaybePromise } from "../storage/storage.ts";
import { MAX_DATA_LENGTH } from "../wire/constants.ts";
import { checkedCount } from "./answers.ts";
import type { CheckFileRange, CheckFileReply } from "../wire/extensions.ts";

/** A hash in the making, as node:crypto has it. */
export interface Hash {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
  digest(encoding: "hex"): string;
}

/** A hash that files can have here. */
export type HashName = "md5" | "sha1" | "sha256" | "sha512";

/** All of them. */
export const HASH_NAMES: readonly HashName[] = ["md5", "sha1", "sha256", "sha512"];

/** The draft's least block; a smaller one would make the reply larger than the file. */
const MIN_BLOCK_BYTES = 256;

/** Bytes that are read at once, and held as long as a file is hashed. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * Hashes a range of an open file, block by block, for check-file
 * (draft-ietf-secsh-filexfer-extensions-00, section 3).
 *
 * @param checkpoint The client chooses how much is read, and a sparse file has no end to speak of.
 */
export function checkFile(
  file: FileHandle,
  range: CheckFileRange,
  checkpoint: Checkpoint,
): MaybePromise<CheckFileReply> {
  const algorithm = range.algorithms.find((name): name is HashName =>
    HASH_NAMES.some((known) => known === name)
  );
  if (algorithm === undefined) throw new StorageError("failure", "no such hash algorithm");
  if (range.blockSize !== 0 && range.blockSize < MIN_BLOCK_BYTES) {
    throw new StorageError("invalid", "block size is below 256");
  }
  if (!Number.isSafeInteger(range.offset)) throw new StorageError("invalid", "offset out of range");
  const hasher = new FileHasher(file, algorithm, range);
  const done = repeat(() =>
    after(hasher.step(), (more) => more && after(checkpoint(), () => true))
  );
  return after(done, () => ({ algorithm, hashes: hasher.finish() }));
}

/** One hashing: reads to the end of the range, and closes a hash at each end of a block. */
class FileHasher {
  readonly #file: FileHandle;
  readonly #algorithm: HashName;
  readonly #blockSize: number;
  readonly #end: number;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #hashes: Uint8Array[] = [];
  #hashed = 0;
  #position: number;
  #blockEnd: number;
  #hash: Hash;

  constructor(file: FileHandle, algorithm: HashName, range: CheckFileRange) {
    this.#file = file;
    this.#algorithm = algorithm;
    this.#blockSize = range.blockSize === 0 ? Infinity : range.blockSize;
    this.#position = range.offset;
    this.#end = range.length === 0 ? Infinity : range.offset + range.length;
    this.#blockEnd = this.#position + this.#blockSize;
    this.#hash = createHash(algorithm);
  }

  /** Hashes a piece; false at the end. */
  step(): MaybePromise<boolean> {
    const until = Math.min(this.#end, this.#blockEnd, this.#position + CHUNK_BYTES);
    const wanted = until - this.#position;
    if (wanted === 0) return false;
    return after(
      this.#file.read(this.#chunk.subarray(0, wanted), this.#position),
      (count) => this.#take(checkedCount("read()", count, wanted)),
    );
  }

  /** Takes bytes into the hash; false at the end of the file. */
  #take(count: number): boolean {
    if (count === 0) return false;
    this.#hash.update(this.#chunk.subarray(0, count));
    this.#position += count;
    if (this.#position === this.#blockEnd) {
      this.#endBlock();
      this.#blockEnd += this.#blockSize;
    }
    return true;
  }

  #endBlock(): void {
    const digest = this.#hash.digest();
    this.#hashed += digest.length;
    if (this.#hashed > MAX_DATA_LENGTH) {
      throw new StorageError("failure", "too many blocks for one reply");
    }
    this.#hashes.push(digest);
    this.#hash = createHash(this.#algorithm);
  }

  /** All hashes, one after the other. */
  finish(): Uint8Array {
    const blockStart = this.#blockEnd - this.#blockSize;
    const inBlock = this.#blockSize === Infinity || this.#position > blockStart;
    if (inBlock) this.#endBlock();
    const all = new Uint8Array(this.#hashed);
    let at = 0;
    for (const hash of this.#hashes) {
      all.set(hash, at);
      at += hash.length;
    }
    return all;
  }
}

/** node:crypto is loaded at the first hash: a session without one does not pay for it. */
export function createHash(algorithm: HashName): Hash {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: "node:crypto"): { createHash(name: string): Hash } };
  };
  return process.getBuiltinModule("node:crypto").createHash(algorithm);
}
