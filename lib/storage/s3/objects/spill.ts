import type { S3Context, StoredObject } from "../context.ts";
import { workPrefix } from "../tree/keys.ts";
import { bytesAt, type Extent, type Rope } from "./rope.ts";

/** The most bytes of an object. */
const OBJECT_BYTES = 8 * 1024 * 1024;

/** Objects that hold what a draft cannot keep in memory, until it is published. */
export class Spill {
  readonly #context: S3Context;
  readonly #signal: AbortSignal;
  readonly #id = crypto.randomUUID();
  readonly #keys: string[] = [];

  /** @param signal Ends requests, but not the removal of the objects. */
  constructor(context: S3Context, signal: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
  }

  /** Moves bytes of a rope from memory to an object. */
  async take(rope: Rope): Promise<void> {
    const extents = rope.firstInMemory(OBJECT_BYTES);
    const size = extents.reduce((sum, { start, end }) => sum + end - start, 0);
    const object = await this.#context.gate.pass(size, () => this.#put(extents, size));
    let offset = 0;
    for (const { start, end } of extents) {
      const length = end - start;
      rope.insertObject(object, { offset, length }, start);
      offset += length;
    }
  }

  /** Removes the objects; what cannot be removed now is swept later. */
  async close(): Promise<void> {
    const keys = this.#keys.splice(0);
    if (keys.length === 0) return;
    const { client, leases } = this.#context;
    const failed = await client.removeMany(keys).catch(() => keys);
    if (failed.length > 0) leases.abandon(this.#id);
    else await leases.release(this.#id);
  }

  async #put(extents: readonly Extent[], size: number): Promise<StoredObject> {
    const body = new Uint8Array(size);
    let at = 0;
    for (const extent of extents) {
      body.set(bytesAt(extent, extent.start, extent.end), at);
      at += extent.end - extent.start;
    }
    const { client, prefix, leases } = this.#context;
    if (this.#keys.length === 0) await leases.hold(this.#id, { kind: "draft" });
    const key = `${workPrefix(prefix)}drafts/${this.#id}/${this.#keys.length}`;
    this.#keys.push(key);
    return { key, size, ...await client.put(key, body, { signal: this.#signal }) };
  }
}
