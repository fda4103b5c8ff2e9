/** A line to a server that can fall silent: it stays open, but nothing gets through any more. */
export class LazyLine implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<{ here: Deno.Conn; there: Deno.Conn; isSilent: boolean }>();
  readonly #port: number;
  readonly #done: Promise<void>;
  /** Milliseconds by which it delays what the server sends. */
  delay = 0;
  /** Changes what the server sends. */
  change: (bytes: Uint8Array) => void = () => {};

  /** @param port The server's. */
  constructor(port: number) {
    this.#port = port;
    this.#done = this.#accept();
  }

  /** The port on which it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Silences the current connections; new ones work. */
  silence(): void {
    for (const connection of this.#connections) connection.isSilent = true;
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const { here, there } of this.#connections) for (const end of [here, there]) end.close();
    await this.#done;
  }

  async #accept(): Promise<void> {
    const ways: Promise<void>[] = [];
    for await (const here of this.#listener) {
      const there = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
      const connection = { here, there, isSilent: false };
      this.#connections.add(connection);
      const isSilent = () => connection.isSilent;
      ways.push(carry(here, there, { isSilent }));
      ways.push(carry(there, here, { isSilent, line: this }));
    }
    await Promise.all(ways);
  }
}

async function carry(
  from: Deno.Conn,
  to: Deno.Conn,
  { isSilent, line }: { readonly isSilent: () => boolean; readonly line?: LazyLine },
): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) {
        await to.closeWrite();
        return;
      }
      if (isSilent()) continue;
      line?.change(buffer.subarray(0, count));
      const delay = line?.delay ?? 0;
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
    }
  } catch (error) {
    // Either end has closed, as the test expects.
    if (!(error instanceof Error)) throw error;
  }
}
