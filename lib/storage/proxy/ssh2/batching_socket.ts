import { Socket } from "node:net";
import { onceSoon } from "../../../async/once_soon.ts";

/** The most bytes to send at once. */
const BATCH_BYTES = 256 * 1024;

/** Shorter packets are left to the garbage collector, and may share their buffer with others. */
const MIN_RETURNED_BYTES = 8 * 1024;

/** How many bytes longer a packet's buffer is than its encrypted part. */
const PACKET_HEADER_BYTES = 4;

/**
 * A socket that sends in one system call what is written in one turn. It works around ssh2, whose
 * ciphers write every packet in three pieces (`_onWrite` in its `lib/protocol/crypto.js`); a test
 * says when they no longer do (`batching_socket_test.ts`).
 *
 * Batches use the same memory again and again. A packet's memory is freed at the end of the turn,
 * when the packet has its MAC and has been copied; otherwise tens of megabytes would wait for the
 * garbage collector. So the caller must not use a packet after writing it.
 */
export class BatchingSocket extends Socket {
  readonly #idle: Uint8Array[] = [];
  #packets: ArrayBuffer[] = [];
  #batch: Uint8Array | undefined;
  #length = 0;
  readonly #sendSoon = onceSoon(() => {
    this.#send();
    for (const packet of this.#packets) packet.transfer(0);
    this.#packets = [];
  });

  override connect(...where: unknown[]): this {
    super.connect(...where as [never]);
    // connect() sets an own property `write`, which would hide the method below.
    Reflect.deleteProperty(this, "write");
    return this;
  }

  override write(chunk: Uint8Array | string, ...rest: unknown[]): boolean {
    if (typeof chunk === "string" || rest.length > 0) {
      this.#send();
      return super.write(chunk, ...rest as []);
    }
    this.#gather(chunk);
    const { buffer, length } = chunk;
    if (length >= MIN_RETURNED_BYTES && buffer.byteLength <= length + PACKET_HEADER_BYTES) {
      this.#packets.push(buffer as ArrayBuffer);
    }
    this.#sendSoon();
    return !this.writableNeedDrain;
  }

  override end(...rest: unknown[]): this {
    this.#send();
    return super.end(...rest as []);
  }

  #gather(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      this.#batch ??= this.#idle.pop() ?? new Uint8Array(BATCH_BYTES);
      const count = Math.min(chunk.length - at, BATCH_BYTES - this.#length);
      this.#batch.set(chunk.subarray(at, at + count), this.#length);
      this.#length += count;
      at += count;
      if (this.#length === BATCH_BYTES) this.#send();
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
