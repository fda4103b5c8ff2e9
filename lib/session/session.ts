import { isPromise } from "../async/maybe_promise.ts";
import { StorageError } from "../storage/errors.ts";
import { virtualPath } from "../storage/path.ts";
import type { Checkpoint, MaybePromise, Storage, VirtualPath } from "../storage/storage.ts";
import { MAX_DATA_LENGTH, MAX_PACKET_LENGTH, PacketType, SFTP_VERSION } from "../wire/constants.ts";
import { ProtocolError } from "../wire/errors.ts";
import type { Limits } from "../wire/extensions.ts";
import type { Reader } from "../wire/reader.ts";
import { DATA_HEADER_LENGTH, writeStatus, writeVersion } from "../wire/replies.ts";
import { Writer } from "../wire/writer.ts";
import { Handles } from "./handles.ts";
import { BufferLoans, type Input } from "./buffer_loans.ts";
import { boundedField, type Log, LogLevel, silentLog } from "./log.ts";
import { Longnames } from "./longname.ts";
import type { Observer, SessionFacts } from "./observer.ts";
import { ofClosing } from "./rows/facts.ts";
import { coreRows, extensionRows } from "./rows/rows.ts";
import type { UploadFacts } from "./rows/upload.ts";
import { unsupportedRow } from "./rows/unsupported.ts";
import { type Asked, Sequencer } from "./sequencer.ts";
import type { SessionOptions } from "./session_options.ts";
import { statusOf } from "./status.ts";
import type { Conversation, Policy, Row } from "./table.ts";
import { catchAndReport, Watch } from "./watch.ts";

/** OpenSSH's default, which is what `ulimit -n` usually leaves. */
const DEFAULT_MAX_HANDLES = 1019;

/**
 * The server's side of one SFTP conversation: packets in, replies out, in the
 * order of their requests. It neither reads nor writes a stream; `serve` does.
 */
export class Session implements Conversation {
  readonly storage: Storage;
  readonly handles: Handles;
  readonly longnames = new Longnames();
  readonly limits: Limits;
  readonly startDirectory: VirtualPath;
  readonly user: string | undefined;
  readonly uploads: UploadFacts | undefined;
  /** Set by the loop that serves the session, which knows the client and the clock. */
  checkpoint: Checkpoint = () => {};
  readonly #policy: Policy;
  readonly #log: Log;
  readonly #observers: readonly Observer[];
  readonly #facts: SessionFacts;
  readonly #start = performance.now();
  readonly #watches = new Map<Row, Watch>();
  readonly #keepParents: boolean;
  readonly #byType = new Map<number, Row>();
  readonly #byExtension = new Map<string, Row>();
  readonly #sequencer: Sequencer;
  #replies = new Writer(MAX_PACKET_LENGTH);
  readonly #lent = new BufferLoans();
  #initialized = false;
  #asynchronous: boolean;

  constructor(options: SessionOptions) {
    this.storage = options.storage;
    this.startDirectory = options.startDirectory ?? "/";
    this.user = options.user;
    this.#policy = options.policy ?? (() => undefined);
    this.#log = options.log ?? silentLog;
    this.#keepParents = options.storage.resolvesParents ?? false;
    this.handles = new Handles(options.maxHandles ?? DEFAULT_MAX_HANDLES);
    this.limits = {
      maxPacketLength: MAX_PACKET_LENGTH,
      maxReadLength: MAX_DATA_LENGTH,
      maxWriteLength: MAX_DATA_LENGTH,
      maxOpenHandles: this.handles.limit,
    };
    this.#observers = options.observers ?? [];
    const { id, user, client, clientPort, serves } = options;
    const told = serves === undefined ? {} : { serves };
    this.#facts = { id: id ?? crypto.randomUUID(), user, client, clientPort, ...told };
    this.#watch([...coreRows, ...extensionRows, unsupportedRow]);
    for (const row of coreRows) this.#byType.set(row.type, row);
    const isCloseWatched = this.#watches.has(this.#byType.get(PacketType.CLOSE)!);
    this.#asynchronous = (options.anyOrder || options.storage.decidesOnClose) ?? false;
    this.uploads = isCloseWatched ? options.uploads : undefined;
    for (const row of extensionRows) this.#byExtension.set(row.extension!.name, row);
    this.#sequencer = new Sequencer(this, {
      run: (row, request) => this.#run(row, request),
      answer: (asked, value) => {
        this.#reply(asked.row, asked.id, value);
        this.#lent.answered(asked, value);
      },
      answerFailure: (asked, error) => {
        this.#fail(asked, error);
        this.#lent.failed(asked);
      },
    }, options.anyOrder);
  }

  /** Replies that are ready to be sent. */
  get replies(): Writer {
    return this.#replies;
  }

  /** Continues with another writer, and returns the one that has replies to send. */
  swapReplies(empty: Writer): Writer {
    const full = this.#replies;
    this.#replies = empty;
    return full;
  }

  /** Takes back replies that have been sent, and empties them. */
  sent(replies: Writer): void {
    this.#lent.sent(replies);
    replies.clear();
  }

  /** Whether requests may overlap: the storage has answered by a promise, or the order is any. */
  get asynchronous(): boolean {
    return this.#asynchronous;
  }

  /** Whether a request is with the storage, or waits for one that is. */
  get busy(): boolean {
    return this.#sequencer.busy;
  }

  /** Calls `ready` whenever a reply was written by a request that had to wait. */
  set onReply(ready: () => void) {
    this.#sequencer.onReply = ready;
  }

  /**
   * Takes one packet. Its bytes are lent until the promise settles, and where
   * there is none, until this returns; no other packet may be given before.
   *
   * @param input The buffers that hold the packet, always the same; they keep long data until it is answered.
   * @throws {ProtocolError} If the packet is not SFTP; the session is over then.
   */
  accept(packet: Reader, input?: Input): Promise<void> | undefined {
    const type = packet.u8();
    if (type === PacketType.INIT) return this.#initialize(packet);
    if (!this.#initialized) throw new ProtocolError(`request ${type} came before INIT`);
    const id = packet.u32();
    const extension = type === PacketType.EXTENDED ? packet.name() : undefined;
    const row = extension === undefined ? this.#byType.get(type) : this.#byExtension.get(extension);
    if (row === undefined || row.served?.(this.storage) === false) {
      const what = extension === undefined
        ? `message ${type}`
        : `extended request "${boundedField(extension)}"`;
      if (row === undefined) this.say(LogLevel.ERROR, `Unknown ${what}`);
      return this.#perform(unsupportedRow, id, what);
    }
    // What waits for an asynchronous storage outlives the packet's bytes.
    this.#lent.input = input;
    const request = row.read(this.#asynchronous ? this.#lent.reading(packet) : packet);
    return this.#perform(row, id, request);
  }

  /** Settles when every request that was accepted has been answered. */
  idle(): Promise<void> {
    return this.#sequencer.idle();
  }

  /** Tells the observers that the session begins. */
  async opened(): Promise<void> {
    for (const observer of this.#observers) {
      await catchAndReport(
        () => observer.opened?.(this.#facts),
        (error) => this.#logFailure("an observer of the session's beginning", error),
      );
    }
  }

  /** Tells the observers that the session is over, after {@linkcode Session.end}. */
  async closed(exitStatus: number): Promise<void> {
    const duration = performance.now() - this.#start;
    const totals = { ...this.handles.totals, duration, exitStatus };
    for (const observer of this.#observers) {
      await catchAndReport(
        () => observer.closed?.(this.#facts, totals),
        (error) => this.#logFailure("an observer of the session's end", error),
      );
    }
  }

  /**
   * Closes what the client left open, and the storage: once and last.
   *
   * @param abandon Do not wait for requests that the storage has not answered.
   */
  async end(abandon = false): Promise<void> {
    if (!abandon) await this.idle();
    const watch = this.#watches.get(this.#byType.get(PacketType.CLOSE)!);
    for (const open of this.handles.removeAll()) {
      const close = () => open.kind === "file" ? open.file.close(true) : open.dir.close();
      try {
        await (watch === undefined ? close() : watch.force(ofClosing(open), close));
      } catch (error) {
        this.#logFailure("forced close", error);
      }
    }
    try {
      await this.storage.close();
    } catch (error) {
      this.#logFailure("end of the storage", error);
    }
  }

  path(sent: string): VirtualPath {
    if (sent === "") throw new StorageError("not-found", "path is empty");
    return virtualPath(sent, { start: this.startDirectory, keepParents: this.#keepParents });
  }

  say(level: number, line: string): void {
    if (level <= this.#log.level) this.#log.write(level, line);
  }

  lend(length: number): Uint8Array {
    return this.#asynchronous
      ? this.#lent.forRead(length)
      : this.#replies.window(DATA_HEADER_LENGTH, length);
  }

  #initialize(packet: Reader): Promise<void> | undefined {
    this.#initialized = true;
    this.say(LogLevel.VERBOSE, `received client version ${packet.u32()}`);
    return this.#sequencer.busy ? this.idle().then(() => this.#greet()) : void this.#greet();
  }

  /** Sends VERSION: an extension that the policy or the storage does not allow is not named. */
  #greet(): void {
    const advertised = extensionRows
      .filter((row) => row.served?.(this.storage) !== false && this.#policy(row) === undefined)
      .map(({ extension }) => [extension!.name, extension!.version] as const);
    writeVersion(this.#replies, { version: SFTP_VERSION, extensions: advertised });
  }

  #perform(row: Row, id: number, request: unknown): Promise<void> | undefined {
    if (this.#asynchronous) return this.#sequencer.add(row, id, request);
    let value: MaybePromise<unknown>;
    try {
      value = this.#run(row, request);
    } catch (error) {
      this.#fail({ row, id, request }, error);
      return undefined;
    }
    if (isPromise(value)) {
      // The first promise makes this an asynchronous session. Its own request
      // was read without a copy, so the next one waits for it.
      this.#asynchronous = true;
      this.#replies = this.#lent.leave({ row, request }, this.#replies);
      return this.#sequencer.add(row, id, request, value);
    }
    this.#reply(row, id, value);
    return undefined;
  }

  #watch(rows: readonly Row[]): void {
    for (const row of rows) {
      const watch = Watch.of(row, this.#observers, {
        conversation: this,
        session: this.#facts,
        allow: (row, request) => this.#allow(row, request),
        report: (what, error) => this.#logFailure(what, error),
      });
      if (watch !== undefined) this.#watches.set(row, watch);
    }
  }

  #run(row: Row, request: unknown): MaybePromise<unknown> {
    const watch = this.#watches.get(row);
    if (watch !== undefined) return watch.run(request);
    this.#allow(row, request);
    return row.run(this, request);
  }

  /** @throws {StorageError} If the policy refuses. */
  #allow(row: Row, request: unknown): void {
    // No list allows or denies what is not served; clients try another way when they are told so.
    if (row === unsupportedRow) return;
    const refusal = this.#policy(row, request);
    if (refusal !== undefined) throw new StorageError("denied", refusal);
  }

  /** Answers; where the answer cannot be written whole, by a failure and nothing of it. */
  #reply(row: Row, id: number, value: unknown): void {
    const { length } = this.#replies;
    try {
      row.reply(this.#replies, id, value);
    } catch (error) {
      if (this.#replies.length > length) this.#replies.takeBack();
      this.#replyFailure(id, row, error);
    }
  }

  #fail({ row, id, request }: Asked, error: unknown): void {
    row.failed?.(this, request, error);
    this.#replyFailure(id, row, error);
  }

  #replyFailure(id: number, row: Row, error: unknown): void {
    if (!(error instanceof StorageError)) this.#logFailure(row.name, error);
    writeStatus(this.#replies, id, statusOf(error));
  }

  #logFailure(what: string, error: unknown): void {
    this.say(LogLevel.ERROR, `${what} failed: ${toldOf(error)}`);
  }
}

/** A failure that a storage answers says all by its reason; anything else is a bug, and told whole. */
function toldOf(error: unknown): string {
  if (error instanceof StorageError) return error.message || error.code;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
