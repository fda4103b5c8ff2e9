/**
 * SFTP servers that OpenSSH starts: implement {@linkcode Storage}, call {@linkcode serve}, and your
 * data is a tree of files for every SFTP client. Existing storages: {@linkcode openJail},
 * {@linkcode MemoryStorage}, `openProxy` of `@sftpwrap/sftpwrap/proxy`, `openGridFs` of
 * `@sftpwrap/sftpwrap/gridfs`. Tests for your own storage: `@sftpwrap/sftpwrap/testing`.
 *
 * @example A server on one directory
 * ```ts
 * import { openJail, serve } from "@sftpwrap/sftpwrap";
 *
 * Deno.exit(await serve(await openJail("/srv/sftp/alice")));
 * ```
 *
 * @module
 */

export { FileType, isDirectory, isRegular, isSymlink } from "./attrs.ts";
export {
  atomic,
  type AtomicOptions,
  type BeforePublish,
  type FinishedUpload,
} from "./atomic/atomic.ts";
export { type HookOperations, type Hooks, hooks, type OperationWith } from "./audit/hooks.ts";
export {
  type CompleteUpload,
  type DecideUpload,
  onUpload,
  withContent,
} from "./hooks/on_upload.ts";
export { JsonLog } from "./audit/json_log.ts";
export { LineLog } from "./audit/line_log.ts";
export type { LogEntry, LogSink } from "./audit/log_sinks.ts";
export type { RemoteEntry } from "./client/calls.ts";
export type { Channel, DirectChannel, Sink, Source } from "./client/channel.ts";
export { SftpClient } from "./client/client.ts";
export { ConnectionLostError, SftpStatusError } from "./client/errors.ts";
export type { OpenMode } from "./client/open_mode.ts";
export type { RemoteDir } from "./client/remote_dir.ts";
export type { RemoteCopy, RemoteFile } from "./client/remote_file.ts";
export type { DownloadOptions, UploadOptions } from "./client/transfer.ts";
export type { AccessPolicy } from "./policy/access.ts";
export { appendOnly } from "./policy/append_only.ts";
export { FilteredFile, FilteredStorage } from "./storage/filtered_storage.ts";
export { maxFileSize } from "./policy/max_file_size.ts";
export { type ForcedModes, forcedModes } from "./policy/modes.ts";
export { noDelete } from "./policy/no_delete.ts";
export { noOverwrite } from "./policy/no_overwrite.ts";
export { denyPaths, hidePaths } from "./policy/path_limits.ts";
export { readOnly } from "./policy/read_only.ts";
export { requestPolicy, type RequestRules } from "./policy/requests.ts";
export { uploadOnly } from "./policy/upload_only.ts";
export type { QuotaLimit } from "./quota/books.ts";
export { quota, QuotaCount, type QuotaOptions } from "./quota/quota.ts";
export type { Background } from "./serve/background.ts";
export { serve, type ServeOptions } from "./serve/serve.ts";
export type { TimeoutOptions } from "./transport/timeouts.ts";
export type { Facts, Findings } from "./session/facts.ts";
export { type Log, LogLevel } from "./session/log.ts";
export type {
  Interest,
  ObservedKind,
  Observer,
  Operation,
  Outcome,
  SessionFacts,
  SessionTotals,
} from "./session/observer.ts";
export type { HashName } from "./session/check_file.ts";
export type { UploadFacts } from "./session/rows/upload.ts";
export type { SessionOptions } from "./session/session_options.ts";
export type { Policy, RequestKind } from "./session/table.ts";
export type { Polling, Transport, WaitOptions } from "./transport/stdio.ts";
export { StorageError, type StorageErrorCode, type StorageErrorOptions } from "./storage/errors.ts";
export { type Accounts, accountsOf } from "./storage/local/accounts.ts";
export { JailFile, JailStorage } from "./storage/local/jail.ts";
export { openJail, type OpenJailOptions } from "./storage/local/open_jail.ts";
export type {
  NodeStatus,
  Root,
  RootCopy,
  RootDir,
  RootEntry,
  RootFile,
  UsageUnits,
} from "./storage/local/root.ts";
export { type PortableRights, PortableRoot } from "./storage/local/portable/root.ts";
export { MemoryStorage, type MemoryStorageOptions } from "./storage/memory/memory.ts";
export type { MemoryFile } from "./storage/memory/file.ts";
export { type ProxyOptions, ProxyStorage } from "./storage/proxy/proxy.ts";
export type { ProxyDir, ProxyFile } from "./storage/proxy/proxy_file.ts";
export { type ReadOnlyFile, ReadOnlyStorage } from "./storage/read_only.ts";
export type {
  Checkpoint,
  CopyRange,
  DirEntry,
  DirHandle,
  DraftSupport,
  ExtendedAttr,
  FileAttrs,
  FileHandle,
  FileSystemStats,
  MaybePromise,
  NodeUsage,
  OpenOptions,
  OwnerNames,
  Storage,
  StorageExtensions,
  UsageSupport,
  VirtualPath,
} from "./storage/storage.ts";
export { StatusCode } from "./wire/constants.ts";
export { ProtocolError } from "./wire/errors.ts";
export type { CheckFileRange, CheckFileReply, Limits } from "./wire/extensions.ts";
