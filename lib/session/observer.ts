/**
 * The interface for observers of a session: the audit log, and hooks.
 *
 * @module
 */

import type { MaybePromise } from "../storage/storage.ts";
import type { Facts, Findings } from "./facts.ts";
import type { RequestKind } from "./table.ts";

/** Whose session it is. */
export interface SessionFacts {
  /** Tells this session from all others. */
  readonly id: string;
  /** The account's name, where it is known. */
  readonly user: string | undefined;
  /** The client's address, IPv4 or IPv6, where it is known. */
  readonly client: string | undefined;
  /** The client's TCP port, where it is known. */
  readonly clientPort: number | undefined;
  /** What is served, by its kind, as `{ jail: "/srv/sftp/alice" }`; absent where it is not said. */
  readonly serves?: Readonly<Record<string, string>> | undefined;
}

/** Totals of a session. */
export interface SessionTotals {
  /** Files that were opened. */
  readonly files: number;
  /** Bytes that were read, of all files. */
  readonly bytesRead: number;
  /** Bytes that were written, of all files. */
  readonly bytesWritten: number;
  /** Milliseconds that it lasted. */
  readonly duration: number;
  /** The exit status: 0 at the end of input. */
  readonly exitStatus: number;
}

/** A request as its observers see it: the facts, with paths as a storage gets them. */
export interface Operation extends Facts {
  /** OpenSSH's name for the request, as `-Q requests` lists them. */
  readonly name: string;
  /** Whether it changes anything. */
  readonly mutates: boolean;
  /** At which level it is told; a value of `LogLevel`. */
  readonly level: number;
  /** Whose it is. */
  readonly session: SessionFacts;
  /** CLOSE that no client asked for: the session has ended and left a handle open. */
  readonly forced: boolean;
  /** The lines of OpenSSH's server about it. */
  describe(): readonly string[];
}

/** What became of a request. */
export interface Outcome extends Findings {
  /** A value of `StatusCode`: OK, also if the reply is not a STATUS. */
  readonly status: number;
  /** The text of the status that the client is sent. */
  readonly message: string;
  /** Whether it failed; the end of a file is not a failure. */
  readonly failed: boolean;
  /** What was thrown, where it failed. */
  readonly error?: unknown;
  /** Milliseconds that it took, `before` included; absent where only failures are watched. */
  readonly duration?: number | undefined;
}

/** What an observer wants to hear of one kind of request. */
export type Interest = "everything" | "failures" | "nothing";

/** A kind of request, and how loud it is. */
export interface ObservedKind extends RequestKind {
  /** At which level it is told; a value of `LogLevel`. */
  readonly level: number;
}

/**
 * Somebody who watches a session. It is asked once for each kind of request
 * what it wants to hear, so that what no observer watches costs nothing. Where a
 * method answers by a promise the request waits for it, and the session goes
 * on as with a storage that answers by promises.
 */
export interface Observer {
  /** What it wants to hear of requests of this kind. */
  interest(kind: ObservedKind): Interest;
  /** Whether the outcome of a CLOSE is to have the size of a file that was written. */
  readonly wantsUploads?: boolean;
  /** The session has begun. What this throws is logged and changes nothing. */
  opened?(session: SessionFacts): MaybePromise<void>;
  /**
   * A request is about to be done, which the policy allows. A `StorageError`
   * that is thrown refuses it; any other error is a bug, and fails it.
   */
  before?(operation: Operation): MaybePromise<void>;
  /**
   * A request was done, has failed, or was refused; its reply follows. What
   * this throws is logged and changes nothing.
   */
  after?(operation: Operation, outcome: Outcome): MaybePromise<void>;
  /** The session is over, and all is closed. What this throws is logged and changes nothing. */
  closed?(session: SessionFacts, totals: SessionTotals): MaybePromise<void>;
}
