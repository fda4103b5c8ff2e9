import type { Condition, NewObject, Part, Upload, Written } from "../client/s3_client.ts";
import type { S3Context, StoredObject } from "../context.ts";
import { Gate } from "./gate.ts";
import { MAX_PARTS } from "./plan.ts";
import { errorOf } from "../../errno.ts";

/** Parts that the server copies at the same time. */
const MAX_COPIES = 8;

/** Sends an object in parts, in the background. The first failure is thrown by the next call. */
export class Uploader {
  readonly key: string;
  readonly #context: S3Context;
  readonly #signal: AbortSignal;
  readonly #lease = crypto.randomUUID();
  readonly #upload: Promise<Pick<Upload, "key" | "id">>;
  readonly #copies = new Gate(MAX_COPIES);
  readonly #parts = new Map<number, Part>();
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(
    context: S3Context,
    key: string,
    { object, signal }: { readonly object: NewObject; readonly signal: AbortSignal },
  ) {
    this.#context = context;
    this.key = key;
    this.#signal = signal;
    this.#upload = this.#begin(object);
    // Every part waits for it, and fails with it.
    this.#upload.catch(() => {});
  }

  /** Sends a part; waits for room in memory, and makes the bytes only then. */
  async send(number: number, length: number, bytes: () => MaybeBytes): Promise<void> {
    await this.#start(number, { gate: this.#context.gate, room: length }, async (upload) => {
      const body = await bytes();
      return () => this.#context.client.putPart(upload, number, body, { signal: this.#signal });
    });
  }

  /** Has the server copy a part. */
  async copy(number: number, object: StoredObject, range: CopiedRange): Promise<void> {
    const { key, etag } = object;
    const source = { key, ifMatch: etag, ...range };
    await this.#start(number, { gate: this.#copies, room: 1 }, (upload) => {
      const { client } = this.#context;
      return Promise.resolve(() =>
        client.copyPart(upload, number, source, { signal: this.#signal })
      );
    });
  }

  /** Makes the object of all parts. */
  async complete(condition: Condition): Promise<Written> {
    await Promise.all(this.#running);
    this.#refuseAfterFailure();
    const upload = await this.#upload;
    const parts = [...this.#parts.values()].sort((a, b) => a.number - b.number);
    const { client, conditions } = this.#context;
    const written = await conditions.send(
      condition,
      (condition) => client.completeUpload(upload, parts, { ...condition, signal: this.#signal }),
    );
    await this.#context.leases.release(this.#lease);
    return written;
  }

  /** Drops what was sent. The signal does not stop this. */
  async abort(): Promise<void> {
    await Promise.all(this.#running);
    let upload: Pick<Upload, "key" | "id">;
    try {
      upload = await this.#upload;
    } catch {
      return; // It never began, which the caller has been told.
    }
    await this.#context.client.abortUpload(upload);
    await this.#context.leases.release(this.#lease);
  }

  async #begin(object: NewObject): Promise<Pick<Upload, "key" | "id">> {
    const { client, leases } = this.#context;
    const { key } = this;
    const id = await client.createUpload(key, { ...object, signal: this.#signal });
    await leases.hold(this.#lease, { kind: "upload", key, upload: id });
    return { key, id };
  }

  /** Returns when the part is on its way; the bytes that it is made of may then change. */
  async #start(
    number: number,
    { gate, room }: { readonly gate: Gate; readonly room: number },
    prepare: (upload: Pick<Upload, "key" | "id">) => Promise<() => Promise<Part>>,
  ): Promise<void> {
    if (number > MAX_PARTS) throw errorOf("EFBIG");
    this.#refuseAfterFailure();
    const upload = await this.#upload;
    await gate.enter(room);
    let send: () => Promise<Part>;
    try {
      this.#refuseAfterFailure();
      send = await prepare(upload);
    } catch (error) {
      gate.leave(room);
      throw error;
    }
    const running = this.#run(send).finally(() => {
      gate.leave(room);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  async #run(send: () => Promise<Part>): Promise<void> {
    try {
      const part = await send();
      this.#parts.set(part.number, part);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #refuseAfterFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** A range of an object. */
export interface CopiedRange {
  readonly start: number;
  readonly end: number;
}

type MaybeBytes = Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
