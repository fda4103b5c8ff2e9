/**
 * Sessions that tests talk to: a server that runs as a child process, one that
 * runs in this process packet by packet, and a stream for `serve()`.
 *
 * @module
 */

import { Session } from "../../lib/session/session.ts";
import type { SessionOptions } from "../../lib/session/session_options.ts";
import type { Transport } from "../../lib/transport/stdio.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { Reader } from "../../lib/wire/reader.ts";
import { init, joined, parseReply, type Reply, type Request, request, Splitter } from "./raw.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Permissions with which a server lacks nothing. */
export const ALL = ["-A"];

/** How to start this program as `deno run PERMISSIONS main.ts ARGS`. */
export function sftpwrap(args: readonly string[], permissions: readonly string[] = ALL): string[] {
  return [
    Deno.execPath(),
    "run",
    "--no-prompt",
    "--no-check",
    "--quiet",
    ...permissions,
    `${ROOT}main.ts`,
    ...args,
  ];
}

/** The result of a program that has ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Runs a command with `input` on its standard input, and waits for its end. */
export async function run(
  [program, ...args]: readonly string[],
  { input = new Uint8Array(0), ...options }: ChildOptions & { readonly input?: Uint8Array } = {},
): Promise<Ended> {
  const child = new Deno.Command(program!, {
    args,
    ...childOptions(options),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feeding = feed(child.stdin, input);
  const { code, stdout, stderr } = await child.output();
  await feeding;
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

async function feed(stdin: WritableStream<Uint8Array>, input: Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(input);
    await writer.close();
  } catch (error) {
    // A program that refuses to start does not wait for its input.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** The directory and the environment of a child. */
export interface ChildOptions {
  readonly cwd?: string;
  /** Variables in addition to those of the test itself. */
  readonly env?: Readonly<Record<string, string>>;
}

function childOptions({ cwd, env }: ChildOptions) {
  return {
    ...(cwd === undefined ? {} : { cwd }),
    // Deno looks for its downloads below HOME, which a test may have set.
    ...(env === undefined ? {} : { env: { DENO_DIR: denoDirectory(), ...env } }),
  };
}

let knownDenoDirectory: string | undefined;

/** Where Deno keeps its downloads. */
function denoDirectory(): string {
  knownDenoDirectory ??= Deno.env.get("DENO_DIR") ?? askDeno();
  return knownDenoDirectory;
}

function askDeno(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string }).denoDir;
}

/** A server in a child process. End it with {@linkcode ChildServer.end}. */
export class ChildServer {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #stderr: Promise<string>;
  readonly #splitter = new Splitter();
  readonly #waiting: Uint8Array[] = [];
  #nextId = 1;

  constructor([program, ...args]: readonly string[], options: ChildOptions = {}) {
    this.#child = new Deno.Command(program!, {
      args,
      ...childOptions(options),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.getReader();
    this.#stderr = new Response(this.#child.stderr).text();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Sends bytes; resolves when the pipe has taken them. */
  async send(bytes: Uint8Array): Promise<void> {
    try {
      await this.#writer.write(bytes);
    } catch (error) {
      // The exit status says why a server has ended.
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
  }

  /** Sends INIT and returns VERSION. */
  async greet(): Promise<Reply & { kind: "version" }> {
    await this.send(init());
    const reply = await this.receive();
    if (reply?.kind !== "version") throw new Error("The server did not answer INIT by VERSION");
    return reply;
  }

  /** Sends a request and returns its reply. */
  async ask(sent: Request): Promise<Reply> {
    const id = this.#nextId++;
    await this.send(request(sent, id));
    const reply = await this.receive();
    if (reply === undefined) throw new Error(`The server ended: ${await this.#stderr}`);
    if (!("id" in reply) || reply.id !== id) throw new Error(`Request ${id} got another's reply`);
    return reply;
  }

  /** Sends a request that opens something, and returns the handle. */
  async handle(sent: Request): Promise<Uint8Array> {
    const reply = await this.ask(sent);
    if (reply.kind !== "handle") throw new Error(`No handle: ${Deno.inspect(reply)}`);
    return reply.handle;
  }

  /** The next reply; nothing if the server has closed its output. */
  async receive(): Promise<Reply | undefined> {
    const body = await this.receiveBody();
    return body === undefined ? undefined : parseReply(body);
  }

  /** As {@linkcode receive}, but returns the bytes after the length field. */
  async receiveBody(): Promise<Uint8Array | undefined> {
    while (this.#waiting.length === 0) {
      const { value } = await this.#reader.read();
      if (value === undefined) return undefined;
      this.#waiting.push(...this.#splitter.push(value));
    }
    return this.#waiting.shift();
  }

  /** Bytes of a last packet that is incomplete. */
  get leftOver(): number {
    return this.#splitter.left;
  }

  /** Closes the server's input. */
  async closeInput(): Promise<void> {
    try {
      await this.#writer.close();
    } catch (error) {
      // Closed already, or broken.
      if (!(error instanceof Deno.errors.BrokenPipe || error instanceof TypeError)) throw error;
    }
  }

  /** Closes the server's output, so that it cannot answer any more. */
  async closeOutput(): Promise<void> {
    await this.#reader.cancel();
  }

  /** Closes the input, reads the remaining replies and waits for the end. */
  async end(): Promise<{ code: number; stderr: string; replies: readonly Reply[] }> {
    await this.closeInput();
    const replies: Reply[] = [];
    for (let reply = await this.receive(); reply !== undefined; reply = await this.receive()) {
      replies.push(reply);
    }
    await this.#reader.cancel();
    const { code } = await this.#child.status;
    return { code, stderr: await this.#stderr, replies };
  }
}

/** A session in this process, packet by packet. */
export class Dialogue {
  readonly session: Session;
  /** The answer to INIT. */
  readonly version: Reply;
  readonly #splitter = new Splitter();
  #nextId = 1;

  /** Begins with INIT. */
  constructor(storage: Storage, options: Omit<SessionOptions, "storage"> = {}) {
    this.session = new Session({ storage, ...options });
    this.session.accept(new Reader(init().subarray(4)));
    this.version = this.take()[0]!;
  }

  /**
   * Passes a request to the session; returns a promise if the session wants no other request before
   * that.
   */
  send(sent: Request): Promise<void> | undefined {
    return this.sendBytes(request(sent, this.#nextId++).subarray(4));
  }

  /** As {@linkcode send}, for the bytes after the length field. */
  sendBytes(body: Uint8Array): Promise<void> | undefined {
    // As in `serve()`, the bytes are only lent: they are overwritten as soon as that is allowed.
    const lent = body.slice();
    const wait = this.session.accept(new Reader(lent));
    if (wait === undefined) lent.fill(0xee);
    return wait?.then(() => void lent.fill(0xee));
  }

  /** Takes the replies that are ready. */
  take(): Reply[] {
    const { replies } = this.session;
    const bodies = this.#splitter.push(replies.written.slice());
    replies.truncate(0);
    return bodies.map(parseReply);
  }

  /** Sends requests one after the other, and returns their replies when all have arrived. */
  async all(...sent: readonly Request[]): Promise<Reply[]> {
    for (const one of sent) await this.send(one);
    await this.session.idle();
    return this.take();
  }

  /** Sends a request and returns its reply. */
  async ask(sent: Request): Promise<Reply> {
    const id = this.#nextId;
    const replies = await this.all(sent);
    const [reply] = replies;
    if (replies.length !== 1 || reply === undefined || !("id" in reply) || reply.id !== id) {
      throw new Error(`Request ${id} was not answered by one reply`);
    }
    return reply;
  }

  /** Sends a request that opens something, and returns the handle. */
  async handle(sent: Request): Promise<Uint8Array> {
    const reply = await this.ask(sent);
    if (reply.kind !== "handle") throw new Error(`No handle: ${Deno.inspect(reply)}`);
    return reply.handle;
  }

  /** Ends the session. */
  async end(): Promise<void> {
    await this.session.end();
  }
}

/**
 * A client's stream for `serve()`: its input is given in advance, or later by {@linkcode Line.push}
 * and {@linkcode Line.hangUp}.
 */
export class Line implements Transport {
  readonly #input: Uint8Array[];
  readonly #output: Uint8Array[] = [];
  #over: boolean;
  #wake: (() => void) | undefined;

  /** @param more Whether further input will be pushed. */
  constructor(input: readonly Uint8Array[], more = false) {
    this.#input = [...input];
    this.#over = !more;
  }

  /** Sends further bytes. */
  push(...packets: readonly Uint8Array[]): void {
    this.#input.push(...packets);
    this.#wake?.();
  }

  /** Ends the input. */
  hangUp(): void {
    this.#over = true;
    this.#wake?.();
  }

  /** All replies so far. */
  get replies(): Reply[] {
    return new Splitter().push(joined(this.#output)).map(parseReply);
  }

  readSync(into: Uint8Array): number | null {
    const chunk = this.#input[0];
    if (chunk === undefined) {
      if (this.#over) return null;
      throw new Error("A blocking read would wait for ever");
    }
    const count = Math.min(chunk.length, into.length);
    into.set(chunk.subarray(0, count));
    if (count === chunk.length) this.#input.shift();
    else this.#input[0] = chunk.subarray(count);
    return count;
  }

  writeSync(bytes: Uint8Array): void {
    this.#output.push(bytes.slice());
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#input.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.readSync(into);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    this.writeSync(bytes);
  }
}
