import { push } from "../support/framing.ts";
import type { Channel } from "../../lib/client/channel.ts";
import { Connection } from "../../lib/client/connection.ts";
import { PacketType, StatusCode } from "../../lib/wire/constants.ts";
import { Framer } from "../../lib/wire/framer.ts";
import { Reader } from "../../lib/wire/reader.ts";
import { writeStatus, writeVersion } from "../../lib/wire/replies.ts";
import { Writer } from "../../lib/wire/writer.ts";

/** A request as it came. */
export interface Received {
  readonly type: number;
  readonly id: number;
  /** The rest of the packet. */
  readonly body: Reader;
}

/** Bytes as hexadecimal digits say them; space between them counts for nothing. */
export function hex(...fields: readonly string[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(fields.join("").replaceAll(/\s/g, ""));
}

/** The bytes of the packets that `write` writes. */
export function packets(write: (writer: Writer) => void): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  write(writer);
  return writer.written.slice();
}

/** A DATA packet. */
export function data(id: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return packets((writer) => {
    writer.begin(PacketType.DATA);
    writer.u32(id);
    writer.bytes(bytes);
    writer.end();
  });
}

/** A STATUS packet. */
export function status(id: number, code: number, message = ""): Uint8Array<ArrayBuffer> {
  return packets((writer) => writeStatus(writer, id, { code, message }));
}

/** The other end of a channel, where the test says what is sent. */
export class ScriptedServer {
  /** The client's end. */
  readonly channel: Channel;
  readonly #toClient = new TransformStream<Uint8Array, Uint8Array>(
    {},
    { highWaterMark: 1024 },
    { highWaterMark: 1024 },
  );
  readonly #fromClient = new TransformStream<Uint8Array, Uint8Array>(
    { transform: (chunk, controller) => controller.enqueue(chunk.slice()) },
    { highWaterMark: 1024 },
    { highWaterMark: 1024 },
  );
  readonly #out = this.#toClient.writable.getWriter();
  readonly #in = this.#fromClient.readable.getReader();
  readonly #framer = new Framer(4 * 1024 * 1024);
  readonly #packet = new Reader();

  constructor() {
    this.channel = { readable: this.#toClient.readable, writable: this.#fromClient.writable };
  }

  /** A server that has said hello, and a connection to it. */
  static async connected(
    extensions: readonly (readonly [string, string])[] = [],
  ): Promise<{ server: ScriptedServer; connection: Connection }> {
    const server = new ScriptedServer();
    const opening = Connection.open(server.channel);
    await server.greet(extensions);
    return { server, connection: await opening };
  }

  /** Takes INIT and answers it. */
  async greet(extensions: readonly (readonly [string, string])[] = []): Promise<void> {
    await this.#nextPacket();
    await this.send(packets((writer) => writeVersion(writer, { version: 3, extensions })));
  }

  /** The next request. */
  async next(): Promise<Received> {
    const packet = await this.#nextPacket();
    return { type: packet.u8(), id: packet.u32(), body: new Reader(packet.rest().slice()) };
  }

  /** The next request, without its length field. */
  async nextBytes(): Promise<Uint8Array> {
    return (await this.#nextPacket()).rest().slice();
  }

  /** Sends these bytes as one chunk. */
  async send(bytes: Uint8Array): Promise<void> {
    await this.#out.write(bytes);
  }

  /** Answers a request with OK. */
  async sendOk(id: number): Promise<void> {
    await this.send(status(id, StatusCode.OK, "Success"));
  }

  /** Hangs up. */
  async end(): Promise<void> {
    await this.#out.close();
  }

  /** Breaks the line. */
  async break(reason: Error): Promise<void> {
    await this.#out.abort(reason);
  }

  /** Settles when the client has hung up; requests before that are dropped. */
  async hungUp(): Promise<void> {
    while (!(await this.#in.read()).done);
  }

  async #nextPacket(): Promise<Reader> {
    while (!this.#framer.next(this.#packet)) {
      const { value } = await this.#in.read();
      if (value === undefined) throw new Error("the client hung up");
      push(this.#framer, value);
    }
    return this.#packet;
  }
}
