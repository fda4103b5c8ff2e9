import { Socket } from "node:net";

/** Bytes that are sent at once. */
const BATCH_LENGTH = 256 * 1024;

/**
 * A socket that sends what is written in one go in one go: ssh2 writes every packet in three
 * pieces, and each would be a system call of its own. Batches use the same memory again and again.
 */
export class GatheringSocket extends Socket {
  readonly #idle: Uint8Array[] = [];
  #batch: Uint8Array | undefined;
  #length = 0;
  #isGathering = false;

  override write(chunk: Uint8Array | string, ...rest: unknown[]): boolean {
    if (typeof chunk === "string" || rest.length > 0) {
      this.#send();
      return super.write(chunk, ...rest as []);
    }
    this.#gather(chunk);
    if (!this.#isGathering) {
      this.#isGathering = true;
      queueMicrotask(() => {
        this.#isGathering = false;
        this.#send();
      });
    }
    return !this.writableNeedDrain;
  }

  override end(...rest: unknown[]): this {
    this.#send();
    return super.end(...rest as []);
  }

  #gather(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      this.#batch ??= this.#idle.pop() ?? new Uint8Array(BATCH_LENGTH);
      const count = Math.min(chunk.length - at, BATCH_LENGTH - this.#length);
      this.#batch.set(chunk.subarray(at, at + count), this.#length);
      this.#length += count;
      at += count;
      if (this.#length === BATCH_LENGTH) this.#send();
    }
  }

  #send(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    super.write(batch.subarray(0, this.#length), () => this.#idle.push(batch));
    this.#length = 0;
  }
}
