/**
 * Your own code at each request of a session: `before` it, where it can be refused, and `after` it,
 * with its outcome.
 *
 * ```ts
 * await serve(storage, {
 *   observers: [
 *     hooks({
 *       before: {
 *         open({ path, options }) {
 *           if (options.write && path.endsWith(".exe")) {
 *             throw new StorageError("denied", "no programs here");
 *           }
 *         },
 *       },
 *       after: {
 *         close({ path, bytesWritten = 0, forced }, { failed }) {
 *           if (bytesWritten > 0 && !failed && !forced) uploaded.push(path);
 *         },
 *       },
 *     }),
 *   ],
 * });
 * ```
 *
 * A hook may return a promise: the request waits for it, and so do requests that must not overtake
 * this one. Only requests with a hook cost anything.
 *
 * A file that is closed is there already when `after.close` is called. To check an upload when it is
 * complete and to reject it, use `onUpload`, which is called before the file gets its name.
 *
 * For users of pysftpserver, its callbacks and the corresponding hooks. There, every callback came
 * before the operation; here, each is `before` or `after`:
 *
 * | pysftpserver           | here                                                  |
 * | ---------------------- | ----------------------------------------------------- |
 * | `init`                 | `opened`; its counterpart is `closed`, with totals    |
 * | `realpath(filename)`   | `realpath({ path })`                                  |
 * | `stat(filename)`       | `stat({ path })`                                      |
 * | `lstat(filename)`      | `lstat({ path })`                                     |
 * | `fstat(handle_id)`     | `fstat({ path })`: the path that was opened           |
 * | `setstat(filename, …)` | `setstat({ path, attrs })`                            |
 * | `fsetstat(handle_id…)` | `fsetstat({ path, attrs })`                           |
 * | `opendir(filename)`    | `opendir({ path })`                                   |
 * | `readdir(handle_id)`   | `readdir({ path })`, after it with `entries`          |
 * | `close(handle_id)`     | `close({ path, kind, bytesRead, bytesWritten, … })`   |
 * | `open(filename, …)`    | `open({ path, options, attrs })`                      |
 * | `read(handle_id, …)`   | `read({ path, offset, length })`, after it with `bytes` |
 * | `write(handle_id, …)`  | `write({ path, offset, data })`, after it with `bytes` |
 * | `mkdir(filename, …)`   | `mkdir({ path, attrs })`                              |
 * | `rmdir(filename)`      | `rmdir({ path })`                                     |
 * | `rm(filename)`         | `remove({ path })`                                    |
 * | `rename(old, new)`     | `rename({ path, to })` and `"posix-rename"`           |
 * | `symlink(link, target)` | `symlink({ path, target })`                          |
 * | `readlink(filename)`   | `readlink({ path })`                                  |
 *
 * Every other request of the server has a hook under its name in `sftpwrap jail -Q requests`; `any`
 * is called for all of them.
 *
 * @module
 */

import { after } from "../async/maybe_promise.ts";
import type {
  Interest,
  Observer,
  Operation,
  Outcome,
  SessionFacts,
  SessionTotals,
} from "../session/observer.ts";
import type { MaybePromise } from "../storage/storage.ts";

/** An operation in which these facts are present. */
export type OperationWith<Fact extends keyof Operation> =
  & Operation
  & { readonly [Name in Fact]-?: Exclude<Operation[Name], undefined> };

/** The requests by name, and the facts that are always known of each. */
export interface HookOperations {
  /** OPEN: `options` says how to open, `attrs` are those that were sent for a new file. */
  readonly open: OperationWith<"path" | "options" | "attrs">;
  /**
   * CLOSE: for a `kind` of `file` also bytes and time. `forced` if the session has ended and the
   * client left the handle open. An unknown handle has no `kind`. With `uploads` in the options of
   * `serve()`, the outcome for a file that was written has its `size` and, with a hash, its `digest`.
   */
  readonly close: OperationWith<"path">;
  /** READ */
  readonly read: OperationWith<"path" | "offset" | "length">;
  /** WRITE: `data` is lent until the request has been answered. */
  readonly write: OperationWith<"path" | "offset" | "length" | "data">;
  /** LSTAT */
  readonly lstat: OperationWith<"path">;
  /** FSTAT */
  readonly fstat: OperationWith<"path">;
  /** SETSTAT */
  readonly setstat: OperationWith<"path" | "attrs">;
  /** FSETSTAT */
  readonly fsetstat: OperationWith<"path" | "attrs">;
  /** OPENDIR */
  readonly opendir: OperationWith<"path">;
  /** READDIR */
  readonly readdir: OperationWith<"path">;
  /** REMOVE */
  readonly remove: OperationWith<"path">;
  /** MKDIR */
  readonly mkdir: OperationWith<"path" | "attrs">;
  /** RMDIR */
  readonly rmdir: OperationWith<"path">;
  /** REALPATH */
  readonly realpath: OperationWith<"path">;
  /** STAT */
  readonly stat: OperationWith<"path">;
  /** RENAME: from `path` to `to`. */
  readonly rename: OperationWith<"path" | "to">;
  /** READLINK */
  readonly readlink: OperationWith<"path">;
  /** SYMLINK: `path` is the link that is made, `target` its text. */
  readonly symlink: OperationWith<"path" | "target">;
  /** posix-rename@openssh.com */
  readonly "posix-rename": OperationWith<"path" | "to">;
  /** statvfs@openssh.com */
  readonly statvfs: OperationWith<"path">;
  /** fstatvfs@openssh.com */
  readonly fstatvfs: OperationWith<"path">;
  /** hardlink@openssh.com: `to` becomes a second name of `path`. */
  readonly hardlink: OperationWith<"path" | "to">;
  /** fsync@openssh.com */
  readonly fsync: OperationWith<"path">;
  /** lsetstat@openssh.com */
  readonly lsetstat: OperationWith<"path" | "attrs">;
  /** limits@openssh.com */
  readonly limits: Operation;
  /** expand-path@openssh.com: `text` is the path to expand. */
  readonly "expand-path": OperationWith<"text">;
  /** copy-data: from `path` at `offset` to `to` at `targetOffset`. */
  readonly "copy-data": OperationWith<"path" | "offset" | "length" | "to" | "targetOffset">;
  /** home-directory: `text` is the user's name, empty for this user's own. */
  readonly "home-directory": OperationWith<"text">;
  /** users-groups-by-id@openssh.com */
  readonly "users-groups-by-id": OperationWith<"uids" | "gids">;
  /** check-file-handle */
  readonly "check-file-handle": OperationWith<"path">;
  /** check-file-name */
  readonly "check-file-name": OperationWith<"path">;
  /** check-file, in the form that paramiko sends. */
  readonly "check-file": OperationWith<"path">;
  /** A request that the server does not know; `text` names it. */
  readonly unsupported: OperationWith<"text">;
  /** Every request, before the hook with its name. */
  readonly any: Operation;
}

/** What to call, and when; every hook may be absent. */
export interface Hooks {
  /**
   * Called before a request is performed. A `StorageError` refuses it with the status of its code;
   * anything else that is thrown fails it, and is logged. Not called for requests that the policy
   * has already refused.
   */
  readonly before?: {
    readonly [Name in keyof HookOperations]?: (
      operation: HookOperations[Name],
    ) => MaybePromise<void>;
  };
  /**
   * Called when a request has succeeded, failed or been refused, before the reply is sent. What is
   * thrown is logged and changes nothing.
   */
  readonly after?: {
    readonly [Name in keyof HookOperations]?: (
      operation: HookOperations[Name],
      outcome: Outcome,
    ) => MaybePromise<void>;
  };
  /** Called when the session begins. What is thrown is logged and changes nothing. */
  readonly opened?: (session: SessionFacts) => MaybePromise<void>;
  /** Called when the session is over. What is thrown is logged and changes nothing. */
  readonly closed?: (session: SessionFacts, totals: SessionTotals) => MaybePromise<void>;
}

type Callback = (operation: Operation, outcome?: Outcome) => MaybePromise<void>;
type Callbacks = ReadonlyMap<string, Callback>;

/** Makes an observer of hooks, for the `observers` of `serve()`. */
export function hooks({ before, after, opened, closed }: Hooks): Observer {
  const callsBefore = callbacks(before);
  const callsAfter = callbacks(after);
  return {
    interest: ({ name }): Interest =>
      [name, "any"].some((key) => callsBefore.has(key) || callsAfter.has(key))
        ? "everything"
        : "nothing",
    ...opened === undefined ? {} : { opened },
    ...closed === undefined ? {} : { closed },
    before: (operation) => call(callsBefore, operation),
    after: (operation, outcome) => call(callsAfter, operation, outcome),
  };
}

/** By name. Each gets the facts that its row provides, which `HookOperations` declares. */
function callbacks(named: object = {}): Callbacks {
  return new Map(Object.entries(named) as [string, Callback][]);
}

function call(
  callbacks: Callbacks,
  operation: Operation,
  outcome?: Outcome,
): MaybePromise<void> {
  const own = callbacks.get(operation.name);
  const first = callbacks.get("any")?.(operation, outcome);
  return after(first, () => own?.(operation, outcome));
}
