import { assertEquals } from "@std/assert";
import type { Scripts } from "../../support/hooks.ts";
import { ask, Code, Flag, type Reply, type Request, request } from "../../support/raw.ts";
import { ChildServer, sftpwrap } from "../../support/wire_session.ts";

/** A session on a jail, with these options; returns its log. */
export async function inJail(
  options: readonly string[],
  { directory }: Pick<Scripts, "directory">,
  use: (server: ChildServer, jail: string) => Promise<void>,
): Promise<string> {
  const jail = `${directory}/jail`;
  await Deno.mkdir(jail, { recursive: true });
  const words = ["jail", "-e", "--log-level=VERBOSE", "--log-user=bob", ...options, jail];
  return await inJailOf(sftpwrap(words), (server) => use(server, jail));
}

/** A session of the program that these words start; returns what it wrote to standard error. */
export async function inJailOf(
  words: readonly string[],
  use: (server: ChildServer) => Promise<void>,
): Promise<string> {
  const env = { USER: "alice", SSH_CONNECTION: "192.0.2.1 2022 192.0.2.2 22" };
  const server = new ChildServer(words, { env });
  await server.greet();
  await use(server);
  const { code, stderr } = await server.end();
  assertEquals(code, 0, stderr);
  return stderr;
}

/** The message of a status, or `ok`. */
export function messageOf(reply: Reply): string {
  if (reply.kind !== "status") throw new Error(`No status: ${Deno.inspect(reply)}`);
  return reply.code === Code.OK ? "ok" : reply.message;
}

/** Uploads a file in one piece, and returns the reply to CLOSE. */
export async function upload(server: ChildServer, path: string, text: string): Promise<Reply> {
  const flags = Flag.WRITE | Flag.CREAT | Flag.TRUNC;
  const handle = await server.handle(ask.open(path, flags));
  if (text !== "") await server.ask(ask.write(handle, 0, new TextEncoder().encode(text)));
  return await server.ask(ask.close(handle));
}

/** Requests whose replies may come in any order. */
export class Overlapping {
  readonly #server: ChildServer;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #nextId = 1000;
  #isReading = false;

  constructor(server: ChildServer) {
    this.#server = server;
  }

  /** Sends a request, and settles with its reply. */
  ask(sent: Request): Promise<Reply> {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.set(id, resolve);
    this.#server.send(request(sent, id)).then(() => this.#read());
    return promise;
  }

  /** Reads as long as a reply is missing; the server's own methods may be used before and after. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#waiting.size > 0) {
      const reply = await this.#server.receive();
      if (reply === undefined || !("id" in reply)) break;
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    }
    this.#isReading = false;
  }
}
