import { Later } from "../async/later.ts";
import { PacketType, StatusCode } from "../wire/constants.ts";
import { ProtocolError } from "../wire/errors.ts";
import type { Reader } from "../wire/reader.ts";
import { readStatus } from "../wire/replies.ts";
import { beginRequest, writeRead, writeWrite } from "../wire/requests.ts";
import type { Writer } from "../wire/writer.ts";
import type { Call } from "./calls.ts";
import { SftpStatusError } from "./errors.ts";

/** A request that waits for its reply, and what comes of it. */
export abstract class Exchange<A> extends Later<A> {
  /** The request's id, once it has one. */
  id = 0;

  // Written out, it is called sooner than one that the engine has to find.
  constructor() {
    super();
  }

  /** Appends the request as a packet. */
  abstract write(writer: Writer): void;

  /**
   * Settles with a reply; the reader is at the field after the id.
   *
   * @throws {ProtocolError} If that is not a reply to this request; then nothing is settled.
   */
  abstract take(type: number, reply: Reader): void;

  /**
   * Where the `count` bytes of a DATA reply go that arrives in pieces;
   * undefined where no such reply is expected.
   */
  window(_count: number): Uint8Array | undefined {
    return undefined;
  }

  /** Settles with `count` bytes that are now in {@linkcode window}. */
  filled(_count: number): void {}
}

/** A request of any type but READ and WRITE. */
export class CallExchange<Q, A> extends Exchange<A> {
  readonly #call: Call<Q, A>;
  readonly #request: Q;

  constructor(call: Call<Q, A>, request: Q) {
    super();
    this.#call = call;
    this.#request = request;
  }

  override write(writer: Writer): void {
    const call = this.#call;
    beginRequest(writer, call.type, this.id);
    if (call.extension !== undefined) writer.name(call.extension);
    call.write(writer, this.#request);
    writer.end();
  }

  override take(type: number, reply: Reader): void {
    const { answer, name } = this.#call;
    if (type === PacketType.STATUS) {
      const { code, message } = readStatus(reply);
      if (code === answer.plain?.code) this.succeed(answer.plain.value);
      else if (code === StatusCode.OK) throw misfit(type, name);
      else this.fail(new SftpStatusError(code, message, this.#describe()));
    } else if (type === answer.type) {
      this.succeed(answer.read(reply));
    } else {
      throw misfit(type, name);
    }
  }

  #describe(): string {
    const { path, from, link } = (this.#request ?? {}) as Readonly<Record<string, unknown>>;
    const subject = path ?? from ?? link;
    return typeof subject === "string" ? `${this.#call.name} ${subject}` : this.#call.name;
  }
}

/** READ: the bytes go to where the caller wants them. */
export class ReadExchange extends Exchange<number> {
  readonly #handle: Uint8Array;
  readonly #into: Uint8Array;
  readonly #position: number;

  constructor(handle: Uint8Array, into: Uint8Array, position: number) {
    super();
    this.#handle = handle;
    this.#into = into;
    this.#position = position;
  }

  override write(writer: Writer): void {
    beginRequest(writer, PacketType.READ, this.id);
    writeRead(writer, {
      handle: this.#handle,
      offset: this.#position,
      length: this.#into.length,
    });
    writer.end();
  }

  override take(type: number, reply: Reader): void {
    if (type === PacketType.DATA) {
      const data = reply.bytes();
      this.window(data.length).set(data);
      this.succeed(data.length);
    } else if (type === PacketType.STATUS) {
      const { code, message } = readStatus(reply);
      if (code === StatusCode.EOF) this.succeed(0);
      else if (code === StatusCode.OK) throw misfit(type, "READ");
      else this.fail(new SftpStatusError(code, message, "READ"));
    } else {
      throw misfit(type, "READ");
    }
  }

  override window(count: number): Uint8Array {
    if (count > this.#into.length) {
      throw new ProtocolError(`${count} bytes came where ${this.#into.length} were asked for`);
    }
    return this.#into.subarray(0, count);
  }

  override filled(count: number): void {
    this.succeed(count);
  }
}

/** WRITE: bytes that are many are sent from where the caller has them. */
export class WriteExchange extends Exchange<void> {
  readonly #handle: Uint8Array;
  readonly #data: Uint8Array;
  readonly #position: number;

  constructor(handle: Uint8Array, data: Uint8Array, position: number) {
    super();
    this.#handle = handle;
    this.#data = data;
    this.#position = position;
  }

  override write(writer: Writer): void {
    beginRequest(writer, PacketType.WRITE, this.id);
    writeWrite(writer, { handle: this.#handle, offset: this.#position, data: this.#data });
    writer.end();
  }

  override take(type: number, reply: Reader): void {
    if (type !== PacketType.STATUS) throw misfit(type, "WRITE");
    const { code, message } = readStatus(reply);
    if (code === StatusCode.OK) this.succeed(undefined);
    else this.fail(new SftpStatusError(code, message, "WRITE"));
  }
}

function misfit(type: number, request: string): ProtocolError {
  return new ProtocolError(`a packet of type ${type} came as the reply to ${request}`);
}
