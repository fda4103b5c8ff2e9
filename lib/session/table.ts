/**
 * What the server knows of a kind of request: a row. Dispatch, policy, logging and the
 * list of extensions are all read from the rows.
 *
 * @module
 */

import type { Checkpoint, MaybePromise, Storage, VirtualPath } from "../storage/storage.ts";
import type { Limits } from "../wire/extensions.ts";
import type { Reader } from "../wire/reader.ts";
import type { Writer } from "../wire/writer.ts";
import type { Facts, Findings } from "./facts.ts";
import type { Handles } from "./handles.ts";
import type { Longnames } from "./longname.ts";
import type { UploadFacts } from "./rows/upload.ts";
import type { RequestName } from "./request_names.ts";

/** What the operations know of the session that they run in. */
export interface Conversation {
  readonly storage: Storage;
  readonly handles: Handles;
  /** Writes the long lines of listings. */
  readonly longnames: Longnames;
  readonly limits: Limits;
  /** The directory that relative paths start from, which is also the user's home. */
  readonly startDirectory: VirtualPath;
  /** What is found out about files that are written; nothing where absent. */
  readonly uploads?: UploadFacts | undefined;
  /** The account's name, where it is known. */
  readonly user: string | undefined;
  /** Between the pieces of a request whose amount of work the client chooses. */
  readonly checkpoint: Checkpoint;
  /** Makes a path that the client sent one for the storage; an empty one is a file not found. */
  path(sent: string): VirtualPath;
  /** Tells the log, where it wants lines of this level. */
  say(level: number, line: string): void;
  /** A window of `length` bytes on the next DATA reply. */
  lend(length: number): Uint8Array;
}

/**
 * What a request may run beside, where the storage is asynchronous:
 * - `any`: whatever does not run alone;
 * - `read`, `write`: others of the same kind on its handle, and anything elsewhere;
 * - `handle`: nothing on its handle;
 * - `alone`: nothing at all;
 * - `aside`: it starts like `alone`, and everything that comes after it runs meanwhile.
 */
export type Order = "any" | "read" | "write" | "handle" | "alone" | "aside";

/** What a policy knows of a kind of request. */
export interface RequestKind {
  /** OpenSSH's name for it, as in `-P` and `-Q`. */
  readonly name: string;
  /** Whether it changes anything, so that a read-only server refuses it. */
  readonly mutates: boolean;
}

/** A request: `R` is what it carries, `T` what its operation returns. */
export interface Row<R = unknown, T = unknown> extends RequestKind {
  readonly name: RequestName | "unsupported";
  /** A value of `PacketType`. */
  readonly type: number;
  /** The extension's name on the wire and its advertised version. */
  readonly extension?: { readonly name: string; readonly version: string };
  /** Its log line is written only at this level or above; a value of `LogLevel`. */
  readonly level: number;
  /** Whether this storage serves it; an extension is advertised only then. */
  served?(storage: Storage): boolean;
  /** Reads its fields, after the id (or the extension's name). */
  read(fields: Reader): R;
  /** Of what it carries, what may be long and is kept where it is until the request is answered. */
  kept?(request: R): Uint8Array;
  /** What it may run beside. */
  order(conversation: Conversation, request: R): Order;
  /** What it is about, as data; called only for observers that want it. */
  facts(request: R, conversation: Conversation): Facts;
  /** The log's lines about it. */
  describe(facts: Facts): readonly string[];
  /** What it has brought, as data; nothing where absent. */
  finds?(value: T, request: R): Findings | undefined;
  /** Does it. */
  run(conversation: Conversation, request: R): MaybePromise<T>;
  /** It has failed, or was refused. */
  failed?(conversation: Conversation, request: R, error: unknown): void;
  /** Writes the reply. */
  reply(out: Writer, id: number, value: T): void;
}

/**
 * Decides about a request: the reason why it is refused, or nothing.
 * Without the request's fields it is asked whether the kind may be advertised.
 */
export type Policy = (kind: RequestKind, request?: unknown) => string | undefined;
