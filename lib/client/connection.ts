import { messageOf } from "../message_of.ts";
import { SFTP_VERSION } from "../wire/constants.ts";
import { ProtocolError } from "../wire/errors.ts";
import type { Reader } from "../wire/reader.ts";
import { writeInit } from "../wire/requests.ts";
import type { Call } from "./calls.ts";
import type { Channel, DirectChannel, Source } from "./channel.ts";
import { ConnectionLostError } from "./errors.ts";
import { CallExchange, type Exchange, ReadExchange, WriteExchange } from "./exchange.ts";
import { type AdvertisedExtensions, readGreeting, textInsteadOfSftp } from "./handshake.ts";
import { type PacketSink, Receiver } from "./receiver.ts";
import { Sender, sinkOf } from "./sender.ts";
import { sourceOf } from "./source.ts";

/**
 * A conversation with an SFTP server, request by request. Requests are sent at
 * once, whatever is still unanswered, and each is settled by its own reply, in
 * whichever order replies come.
 *
 * When the connection is lost, everything outstanding and every later request
 * fails with the reason.
 */
export class Connection {
  readonly #sender: Sender;
  readonly #source: Source;
  /** What is unanswered, by its id. */
  readonly #outstanding = new Map<number, Exchange<unknown>>();
  #nextId = 0;
  readonly #greeting = Promise.withResolvers<AdvertisedExtensions>();
  readonly #ended = Promise.withResolvers<Error | undefined>();
  #extensions: AdvertisedExtensions | undefined;
  #failure: Error | undefined;
  #closing = false;

  private constructor({ source, sink }: DirectChannel) {
    this.#source = source;
    this.#sender = new Sender(sink, (error) => this.#fail(lost(error)));
    this.#receive();
  }

  /**
   * Says hello to a server and waits for its answer.
   *
   * @param channel The way to the server; it belongs to the connection from now on.
   * @throws {ProtocolError} If what answers is not an SFTP server of version 3.
   * @throws {ConnectionLostError} If the channel ends before.
   */
  static async open(channel: Channel | DirectChannel): Promise<Connection> {
    const connection = new Connection("source" in channel ? channel : direct(channel));
    connection.#sender.send({ write: (writer) => writeInit(writer, SFTP_VERSION) });
    await connection.#greeting.promise;
    return connection;
  }

  /** What the server advertised. */
  get extensions(): AdvertisedExtensions {
    return this.#extensions ?? new Map();
  }

  /** How many requests have no answer yet. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /**
   * Settles when the connection is over: with the reason where it was lost,
   * with undefined where it was closed here.
   */
  get ended(): Promise<Error | undefined> {
    return this.#ended.promise;
  }

  /**
   * Makes a request.
   *
   * @param call Which; see `calls.ts`.
   * @param request What it carries; lent until the answer.
   * @throws {SftpStatusError} If the server refuses it or fails.
   * @throws {ConnectionLostError | ProtocolError} If the connection is lost.
   */
  request<Q, A>(call: Call<Q, A>, request: Q): Promise<A> {
    return this.#send(new CallExchange(call, request));
  }

  /**
   * Reads once, into the caller's buffer.
   *
   * @param handle The open file, as OPEN returned it.
   * @param into Where the bytes go, and how many are asked for; lent until the answer.
   * @param position Bytes from the file's beginning.
   * @returns How many bytes came: 0 at the end, less than asked for if the server chooses so.
   */
  read(handle: Uint8Array, into: Uint8Array, position: number): Promise<number> {
    return this.#send(new ReadExchange(handle, into, position));
  }

  /**
   * Writes once.
   *
   * @param handle The open file, as OPEN returned it.
   * @param data No more than the server takes in a packet; lent until the answer.
   * @param position Bytes from the file's beginning.
   */
  write(handle: Uint8Array, data: Uint8Array, position: number): Promise<void> {
    return this.#send(new WriteExchange(handle, data, position));
  }

  /**
   * Ends the connection: sends what has been asked, tells the server that
   * nothing more comes, and waits until it has answered everything and hung up.
   */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.race([this.#sender.end(), this.ended]);
    await this.ended;
  }

  /** Ends the connection at once; what is outstanding fails. */
  abort(reason: Error = new ConnectionLostError("The connection was broken off")): void {
    this.#fail(reason);
  }

  #send<A>(exchange: Exchange<A>): Promise<A> {
    if (this.#failure !== undefined) {
      exchange.fail(this.#failure);
    } else if (this.#closing) {
      exchange.fail(new ConnectionLostError("The connection is closed"));
    } else {
      exchange.id = this.#takeId();
      this.#outstanding.set(exchange.id, exchange);
      this.#sender.send(exchange);
    }
    return exchange;
  }

  /** The next id of 32 bits that no unanswered request has. */
  #takeId(): number {
    while (this.#outstanding.has(this.#nextId)) this.#nextId = (this.#nextId + 1) >>> 0;
    const id = this.#nextId;
    this.#nextId = (id + 1) >>> 0;
    return id;
  }

  async #receive(): Promise<void> {
    const receiver = new Receiver(this.#sink());
    try {
      for (;;) {
        const chunk = await this.#source.read(receiver.room);
        if (this.#failure !== undefined) return;
        if (chunk === undefined) break;
        this.#accept(receiver, chunk);
      }
      this.#end(receiver);
    } catch (error) {
      this.#fail(error instanceof ProtocolError ? error : lost(error));
    }
  }

  #accept(receiver: Receiver, chunk: Uint8Array): void {
    try {
      receiver.accept(chunk);
    } catch (error) {
      const text = this.#extensions === undefined ? textInsteadOfSftp(chunk) : undefined;
      if (text === undefined) throw error;
      throw new ProtocolError(`the server sent text in place of SFTP: "${text}"`);
    }
  }

  #sink(): PacketSink {
    return {
      packet: (packet) => this.#take(packet),
      window: (id, count) => this.#find(id).window(count),
      filled: (id, count) => {
        const exchange = this.#find(id);
        exchange.filled(count);
        this.#outstanding.delete(id);
      },
    };
  }

  #take(packet: Reader): void {
    if (this.#extensions === undefined) {
      this.#extensions = readGreeting(packet);
      this.#greeting.resolve(this.#extensions);
      return;
    }
    const type = packet.u8();
    // It stays outstanding until it is settled, so that a malformed reply fails it too.
    const exchange = this.#find(packet.u32());
    exchange.take(type, packet);
    this.#outstanding.delete(exchange.id);
  }

  #find(id: number): Exchange<unknown> {
    const exchange = this.#outstanding.get(id);
    if (exchange === undefined) {
      throw new ProtocolError(`a reply came to request ${id}, never made`);
    }
    return exchange;
  }

  /** The server has hung up. */
  #end(receiver: Receiver): void {
    if (this.#closing && receiver.idle && this.#outstanding.size === 0) {
      this.#failure = new ConnectionLostError("The connection is closed");
      this.#ended.resolve(undefined);
      return;
    }
    const where = receiver.idle ? "" : " in the middle of a packet";
    this.#fail(new ConnectionLostError(`The server ended the connection${where}`));
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#sender.stop(error);
    // The stream may be broken already, which is what is wanted.
    this.#source.cancel(error).catch(() => undefined);
    const unanswered = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const exchange of unanswered) exchange.fail(error);
    this.#greeting.reject(error);
    // `open()` waits for the greeting; later there is no one to wait for it.
    this.#greeting.promise.catch(() => undefined);
    this.#ended.resolve(error);
  }
}

function direct({ readable, writable }: Channel): DirectChannel {
  return { source: sourceOf(readable), sink: sinkOf(writable) };
}

function lost(error: unknown): ConnectionLostError {
  const reason = messageOf(error);
  return new ConnectionLostError(`The connection was lost: ${reason}`, { cause: error });
}
