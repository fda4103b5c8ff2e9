/**
 * An HTTP server that answers by a script, for faults that no real server has on demand: broken
 * connections, overload, answers of something else.
 *
 * @module
 */

/** A request that the server got. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** An answer; `close` breaks the connection off instead, and `hang` never answers. */
export type Reply = "close" | "hang" | {
  /** 200 if absent. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Breaks the connection off after so many characters of the body. */
  readonly cutAt?: number;
};

/** A running server. */
export interface ScriptedServer {
  readonly endpoint: URL;
  /** Every request so far, in order. */
  readonly seen: readonly SeenRequest[];
}

/** Runs `use` with a server that answers each request with what the script returns for it. */
export async function withScript<T>(
  script: (request: SeenRequest, index: number) => Reply,
  use: (server: ScriptedServer) => Promise<T>,
): Promise<T> {
  const seen: SeenRequest[] = [];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const answer = (request: SeenRequest) => script(request, seen.push(request) - 1);
  const accepting = accept(listener, { connections, answer });
  try {
    const endpoint = new URL(`http://127.0.0.1:${listener.addr.port}`);
    return await use({ endpoint, seen });
  } finally {
    listener.close();
    for (const connection of [...connections]) {
      if (connections.delete(connection)) connection.close();
    }
    await accepting;
  }
}

/** The same answer to everything, or one answer after the other, the last one for the rest. */
export function inTurn(...replies: readonly Reply[]): (request: SeenRequest, at: number) => Reply {
  return (_, at) => replies[Math.min(at, replies.length - 1)] ?? "close";
}

interface Serving {
  readonly connections: Set<Deno.Conn>;
  readonly answer: (request: SeenRequest) => Reply;
}

async function accept(listener: Deno.Listener, serving: Serving): Promise<void> {
  const served: Promise<void>[] = [];
  for await (const connection of listener) {
    serving.connections.add(connection);
    served.push(serve(connection, serving));
  }
  await Promise.all(served);
}

async function serve(connection: Deno.Conn, { connections, answer }: Serving): Promise<void> {
  const reader = new RequestReader(connection);
  try {
    for (;;) {
      const request = await reader.next();
      if (request === undefined) break;
      const reply = answer(request);
      if (reply === "hang") continue;
      if (reply === "close" || !await send(connection, request, reply)) break;
    }
  } catch (error) {
    // The client, or the end of the test, has closed the connection.
    if (!isClosed(error)) throw error;
  }
  if (connections.delete(connection)) connection.close();
}

/** Returns false if the connection is to be broken off. */
async function send(
  connection: Deno.Conn,
  { method }: SeenRequest,
  { status = 200, headers = {}, body = "", cutAt }: Exclude<Reply, string>,
): Promise<boolean> {
  const content = new TextEncoder().encode(body);
  const length = "transfer-encoding" in headers ? {} : { "content-length": `${content.length}` };
  const given = { ...length, ...headers };
  const lines = Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = new TextEncoder().encode(`HTTP/1.1 ${status} X\r\n${lines}\r\n`);
  const sent = method === "HEAD" ? new Uint8Array(0) : content.subarray(0, cutAt);
  const all = new Uint8Array([...head, ...sent]);
  for (let at = 0; at < all.length;) at += await connection.write(all.subarray(at));
  return cutAt === undefined;
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}

/** Reads requests with a Content-Length from a connection. */
class RequestReader {
  readonly #connection: Deno.Conn;
  #bytes = new Uint8Array(0);

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async next(): Promise<SeenRequest | undefined> {
    let end: number;
    while ((end = latin1(this.#bytes).indexOf("\r\n\r\n")) < 0) {
      if (!await this.#more()) return undefined;
    }
    const [first = "", ...lines] = latin1(this.#bytes.subarray(0, end)).split("\r\n");
    const headers = new Headers(lines.map((line): [string, string] => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).trim()];
    }));
    const length = Number(headers.get("content-length") ?? 0);
    while (this.#bytes.length < end + 4 + length) {
      if (!await this.#more()) return undefined;
    }
    const body = this.#bytes.slice(end + 4, end + 4 + length);
    this.#bytes = this.#bytes.slice(end + 4 + length);
    const [method = "", target = ""] = first.split(" ");
    return { method, target, headers, body };
  }

  async #more(): Promise<boolean> {
    const chunk = new Uint8Array(65_536);
    const length = await this.#connection.read(chunk);
    if (length === null) return false;
    this.#bytes = new Uint8Array([...this.#bytes, ...chunk.subarray(0, length)]);
    return true;
  }
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
