import type { Storage, VirtualPath } from "../storage/storage.ts";
import type { Log } from "./log.ts";
import type { Observer } from "./observer.ts";
import type { UploadFacts } from "./rows/upload.ts";
import type { Policy } from "./table.ts";

/** What one conversation is about. */
export interface SessionOptions {
  /** Where the files are. */
  readonly storage: Storage;
  /** What is refused; nothing where absent. */
  readonly policy?: Policy | undefined;
  /** Receives faults, and what concerns no request; not written if absent. */
  readonly log?: Log | undefined;
  /** Observers of the requests, in this order; none if absent. */
  readonly observers?: readonly Observer[] | undefined;
  /** What the log and hooks are told, at CLOSE, of files that were written; nothing where absent. */
  readonly uploads?: UploadFacts | undefined;
  /** Where relative paths start; `/` where absent. */
  readonly startDirectory?: VirtualPath | undefined;
  /** The account's name. */
  readonly user?: string | undefined;
  /** The client's address. */
  readonly client?: string | undefined;
  /** The client's TCP port. */
  readonly clientPort?: number | undefined;
  /** What is served, by its kind, for the log: `{ jail: "/srv/sftp/alice" }`. */
  readonly serves?: Readonly<Record<string, string>> | undefined;
  /** What tells this session from all others; a random one where absent. */
  readonly id?: string | undefined;
  /**
   * Whether requests overlap from the start, and each is answered as soon as it is done, even if an
   * earlier one is not: for a storage that holds some of them up. In the order in which they came
   * where absent.
   */
  readonly anyOrder?: boolean | undefined;
  /** How many handles may be open at once. */
  readonly maxHandles?: number | undefined;
}
