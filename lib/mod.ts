/**
 * SFTP servers that OpenSSH starts: implement {@linkcode Storage}, call
 * {@linkcode serve}, and your data is a tree of files for every SFTP client.
 *
 * @example A server on files in memory
 * ```ts
 * import { MemoryStorage, serve } from "@sftpwrap/sftpwrap";
 *
 * Deno.exit(await serve(new MemoryStorage()));
 * ```
 *
 * @module
 */

export { FileType, isDirectory, isRegular, isSymlink } from "./attrs.ts";
export { LineLog, type LineSink } from "./audit/line_log.ts";
export type { RemoteEntry } from "./client/calls.ts";
export type { Channel } from "./client/channel.ts";
export { SftpClient } from "./client/client.ts";
export { ConnectionLostError, SftpStatusError } from "./client/errors.ts";
export type { OpenMode } from "./client/open_mode.ts";
export type { RemoteDir } from "./client/remote_dir.ts";
export type { RemoteCopy, RemoteFile } from "./client/remote_file.ts";
export type { DownloadOptions, UploadOptions } from "./client/transfer.ts";
export { requestPolicy, type RequestRules } from "./policy/requests.ts";
export { serve, type ServeOptions } from "./serve.ts";
export { type Log, LogLevel } from "./session/log.ts";
export type { SessionOptions } from "./session/session.ts";
export type { Policy, RequestKind } from "./session/table.ts";
export type { Polling, Transport } from "./stdio.ts";
export { StorageError, type StorageErrorCode, type StorageErrorOptions } from "./storage/errors.ts";
export type { Finding } from "./storage/gridfs/check.ts";
export { checkGridFs, openGridFs } from "./storage/gridfs/open.ts";
export type { CheckOptions, GridFsOptions } from "./storage/gridfs/options.ts";
export { type Accounts, accountsOf } from "./storage/local/accounts.ts";
export { JailFile, JailStorage } from "./storage/local/jail.ts";
export type {
  NodeStatus,
  Root,
  RootCopy,
  RootDir,
  RootEntry,
  RootFile,
} from "./storage/local/root.ts";
export { type PortableRights, PortableRoot } from "./storage/local/root_portable.ts";
export { MemoryStorage, type MemoryStorageOptions } from "./storage/memory.ts";
export type { MemoryFile } from "./storage/memory/file.ts";
export type {
  CopyRange,
  DirEntry,
  DirHandle,
  ExtendedAttr,
  FileAttrs,
  FileHandle,
  FileSystemStats,
  MaybePromise,
  OpenOptions,
  OwnerNames,
  Storage,
  StorageExtensions,
  VirtualPath,
} from "./storage/storage.ts";
export { StatusCode } from "./wire/constants.ts";
export { ProtocolError } from "./wire/errors.ts";
export type { CheckFileRange, CheckFileReply, Limits } from "./wire/extensions.ts";
