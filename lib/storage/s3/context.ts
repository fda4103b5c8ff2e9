import type { Budget } from "../remote/budget.ts";
import type { ObjectInfo, S3Client, Written } from "./client/s3_client.ts";
import type { Gate } from "./objects/gate.ts";
import type { Leases } from "./repair/leases.ts";
import type { Conditions } from "./objects/conditions.ts";

/** Owner and group of objects whose metadata names none. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What all parts of the storage share. */
export interface S3Context {
  readonly client: S3Client;
  /** What every key begins with: empty, or ends in `/`. */
  readonly prefix: string;
  readonly owner: Owner;
  /** The content that open files hold. */
  readonly budget: Budget;
  /** The bodies of requests that are on their way. */
  readonly gate: Gate;
  readonly conditions: Conditions;
  /** What of this session's work is unfinished. */
  readonly leases: Leases;
  /** Aborted at the end of the session. */
  readonly ending: AbortSignal;
  /** Called when this session has given an object another key, or other metadata. */
  moved(key: string, to: string, written: Written): void;
}

/** An object whose content is read: one that is replaced meanwhile is another one. */
export interface StoredObject extends Pick<ObjectInfo, "key" | "etag" | "size"> {
  readonly versionId?: string | undefined;
}
