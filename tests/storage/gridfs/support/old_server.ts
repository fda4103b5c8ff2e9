import { BSON } from "mongodb";

const HEADER_LENGTH = 16;
const [OP_REPLY, OP_QUERY, OP_MSG] = [1, 2004, 2013];

/**
 * Answers every command as a MongoDB of another version would, which the tests' databases cannot
 * do.
 */
export class OldServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #answer: Readonly<Record<string, unknown>>;
  readonly #done: Promise<void>;

  /** @param versions The versions of the wire protocol that it supports. */
  constructor(versions: { readonly min: number; readonly max: number }) {
    this.#answer = {
      ismaster: true,
      isWritablePrimary: true,
      helloOk: true,
      maxBsonObjectSize: 16 * 1024 * 1024,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      minWireVersion: versions.min,
      maxWireVersion: versions.max,
      readOnly: false,
      ok: 1,
    };
    this.#done = this.#accept();
  }

  /** Its address. */
  get uri(): string {
    return `mongodb://127.0.0.1:${this.#listener.addr.port}/`;
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    await this.#done;
  }

  async #accept(): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      serving.push(this.#serve(connection));
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    try {
      for (;;) {
        const header = await readFully(connection, HEADER_LENGTH);
        if (header === undefined) return;
        const request = new DataView(header.buffer);
        await readFully(connection, request.getInt32(0, true) - HEADER_LENGTH);
        const isQuery = request.getInt32(12, true) === OP_QUERY;
        await connection.write(this.#reply(request.getInt32(4, true), isQuery));
      }
    } catch (error) {
      // The driver has closed the connection, or the test is over.
      if (!(error instanceof Error)) throw error;
    }
  }

  #reply(id: number, isQuery: boolean): Uint8Array {
    const body = BSON.serialize(this.#answer);
    // Flags and the kind of a section; or flags, cursor, position and number of documents.
    const prefix = new Uint8Array(isQuery ? 20 : 5);
    if (isQuery) new DataView(prefix.buffer).setInt32(16, 1, true);
    const reply = new Uint8Array(HEADER_LENGTH + prefix.length + body.length);
    const header = new DataView(reply.buffer);
    header.setInt32(0, reply.length, true);
    header.setInt32(8, id, true);
    header.setInt32(12, isQuery ? OP_REPLY : OP_MSG, true);
    reply.set(prefix, HEADER_LENGTH);
    reply.set(body, HEADER_LENGTH + prefix.length);
    return reply;
  }
}

async function readFully(
  from: Deno.Conn,
  length: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await from.read(bytes.subarray(at));
    if (count === null) return undefined;
    at += count;
  }
  return bytes;
}
