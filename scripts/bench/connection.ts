import * as libc from "./libc.ts";
import type { Bytes } from "./libc.ts";
import type { Ring } from "./packets.ts";

/** A server that says nothing for this long has hung. */
const HUNG_SECONDS = 60;

/** Room for input: more than a socket holds at once, and little enough to stay in the cache. */
const INPUT_BYTES = 256 * 1024;

/** The start of a reply holds all that is looked at; the rest of a longer one is passed over. */
const HEAD_BYTES = 1024;

/** Many requests of one kind: as many packets as its ring has slots are in flight at once. */
export interface Exchange {
  readonly ring: Ring;
  readonly count: number;
  /** Fills in what differs in each request; its id is set already. */
  readonly prepare?: (index: number) => void;
  /** Looks at a reply, in the order in which they arrive. */
  readonly reply: (reply: Reply) => void;
}

/** The present reply of a server; an offset counts from its type: the id is at 1. */
export type Reply = Pick<Connection, "type" | "u8" | "u32" | "bytes">;

/**
 * An SFTP client that works as little as possible, so that the server's work is what counts.
 * Compared in turn with a generator in C, pipelined stages and READDIR were 0.93 to 1.3 times as
 * fast. With one CPU for both ends, a third of the time of a pipelined READ was the client's own.
 */
export class Connection {
  readonly #descriptor: number;
  readonly #bytes = new Uint8Array(INPUT_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;
  /** Bytes to pass over before the next reply. */
  #skip = 0;
  #body = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    libc.setTimeLimit(descriptor, HUNG_SECONDS);
  }

  /** Sends one request and waits for its reply. */
  call(packet: Bytes): Reply {
    this.#send(packet);
    while (!this.next()) this.receive();
    return this;
  }

  /**
   * Makes all requests of an exchange, with as many in flight as its ring has slots. It waits until
   * they are sent before it looks at replies. Where requests are long, replies are short, so the
   * server does not wait for it in turn.
   */
  run({ ring, ring: { bytes, packet, slots }, count, prepare, reply }: Exchange): void {
    let requested = 0;
    for (let replied = 0; replied < count;) {
      const first = requested % slots;
      const last = Math.min(count, replied + slots, requested - first + slots);
      const length = (last - requested) * packet.length;
      for (; requested < last; requested++) {
        ring.number(requested);
        prepare?.(requested);
      }
      if (length === bytes.length) this.#send(bytes);
      else if (length > 0) this.#send(bytes.subarray(first * packet.length).subarray(0, length));
      // The ring's end may have kept some back.
      if (requested < count && requested - replied < slots) continue;
      this.receive();
      for (; this.next(); replied++) reply(this);
    }
  }

  get type(): number {
    return this.#bytes[this.#body]!;
  }

  u8(offset: number): number {
    return this.#bytes[this.#body + offset]!;
  }

  u32(offset: number): number {
    return this.#view.getUint32(this.#body + offset);
  }

  /** Copies the `string` at an offset. */
  bytes(offset: number): Bytes {
    const start = this.#body + offset + 4;
    return this.#bytes.slice(start, start + this.u32(offset));
  }

  /** Advances to the next reply, if enough of it has arrived. */
  next(): boolean {
    const passed = Math.min(this.#skip, this.#end - this.#start);
    this.#skip -= passed;
    this.#start += passed;
    const available = this.#end - this.#start;
    if (available < 4) return false;
    const length = 4 + this.#view.getUint32(this.#start);
    if (available < Math.min(length, HEAD_BYTES)) return false;
    this.#body = this.#start + 4;
    this.#skip = Math.max(0, length - available);
    this.#start += Math.min(length, available);
    return true;
  }

  /**
   * Receives what has arrived, and waits if nothing has.
   *
   * @throws {Error} If the server has hung up, or says nothing.
   */
  receive(): void {
    // What is left is never more than the head of a reply.
    if (this.#start < this.#end) this.#bytes.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    const room = this.#end === 0 ? this.#bytes : this.#bytes.subarray(this.#end);
    const count = libc.read(this.#descriptor, room);
    if (count === 0) throw new Error("the server has hung up");
    this.#end += count;
  }

  #send(bytes: Bytes): void {
    for (let rest = bytes; rest.length > 0;) {
      const sent = libc.write(this.#descriptor, rest);
      if (sent === rest.length) return;
      rest = rest.subarray(sent);
    }
  }
}
