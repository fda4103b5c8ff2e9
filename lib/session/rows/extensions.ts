/**
 * The extended requests: OpenSSH's, a row each, and those of check-file. A row is
 * advertised only where the storage serves it.
 *
 * @module
 */

import type { FileSystemStats, OwnerNames } from "../../attrs.ts";
import { after } from "../../async/maybe_promise.ts";
import { beyondAnyFile, StorageError } from "../../storage/errors.ts";
import type { MaybePromise, Storage, StorageExtensions } from "../../storage/storage.ts";
import { PacketType, StatusCode } from "../../wire/constants.ts";
import * as wire from "../../wire/extensions.ts";
import type { Reader } from "../../wire/reader.ts";
import { writeExtendedReply } from "../../wire/replies.ts";
import * as requests from "../../wire/requests.ts";
import { checkedCount, checkedFigures, checkedOwners, checkedText } from "../answers.ts";
import { describeAttrs } from "../describe.ts";
import { LogLevel } from "../log.ts";
import type { Conversation, Row } from "../table.ts";
import { checkFileRows } from "./check_file.ts";
import { asSent, foundName, ofHandle, ofTwoPaths } from "./facts.ts";
import { replyName, replyOk } from "./replies.ts";

const posixRename: Row<requests.TwoPathsRequest, void> = {
  name: "posix-rename",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.POSIX_RENAME, version: "1" },
  mutates: true,
  level: LogLevel.INFO,
  served: offers("posixRename"),
  read: requests.readTwoPaths,
  order: () => "alone",
  facts: ofTwoPaths,
  describe: ({ path, to }) => [`posix-rename old "${path}" new "${to}"`],
  run: (conversation, { from, to }) =>
    conversation.storage.extensions.posixRename!(conversation.path(from), conversation.path(to)),
  reply: replyOk,
};

const statvfs: Row<requests.PathRequest, FileSystemStats> = {
  name: "statvfs",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.STATVFS, version: "2" },
  mutates: false,
  level: LogLevel.INFO,
  served: offers("statVfs"),
  read: requests.readPath,
  order: () => "any",
  facts: asSent,
  describe: ({ path }) => [`statvfs "${path}"`],
  run: (conversation, { path }) =>
    after(
      conversation.storage.extensions.statVfs!(conversation.path(path)),
      (figures) => checkedFigures("statVfs()", figures),
    ),
  reply: (out, id, value) => writeExtendedReply(out, id, { value, write: wire.writeStatVfs }),
};

const fstatvfs: Row<requests.HandleRequest, FileSystemStats> = {
  name: "fstatvfs",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.FSTATVFS, version: "2" },
  mutates: false,
  level: LogLevel.DEBUG,
  served: offers("fileStatVfs"),
  read: requests.readHandle,
  order: () => "handle",
  facts: ofHandle,
  describe: ({ path }) => [`fstatvfs "${path}"`],
  run: (conversation, { handle }) =>
    after(
      conversation.storage.extensions.fileStatVfs!(conversation.handles.file(handle).file),
      (figures) => checkedFigures("fileStatVfs()", figures),
    ),
  reply: statvfs.reply,
};

const hardlink: Row<requests.TwoPathsRequest, void> = {
  name: "hardlink",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.HARDLINK, version: "1" },
  mutates: true,
  level: LogLevel.INFO,
  served: offers("hardLink"),
  read: requests.readTwoPaths,
  order: () => "alone",
  facts: ofTwoPaths,
  describe: ({ path, to }) => [`hardlink old "${path}" new "${to}"`],
  run: (conversation, { from, to }) =>
    conversation.storage.extensions.hardLink!(conversation.path(from), conversation.path(to)),
  reply: replyOk,
};

const fsync: Row<requests.HandleRequest, void> = {
  name: "fsync",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.FSYNC, version: "1" },
  mutates: true,
  level: LogLevel.VERBOSE,
  served: offers("fsync"),
  read: requests.readHandle,
  order: () => "handle",
  facts: ofHandle,
  describe: ({ path }) => [`fsync "${path}"`],
  run(conversation, { handle }) {
    const open = conversation.handles.find(handle);
    if (open?.kind !== "file") throw new StorageError("not-found", "no such handle");
    return conversation.storage.extensions.fsync!(open.file);
  },
  reply: replyOk,
};

const lsetstat: Row<requests.PathAttrsRequest, void> = {
  name: "lsetstat",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.LSETSTAT, version: "1" },
  mutates: true,
  level: LogLevel.INFO,
  served: offers("setLinkAttrs"),
  read: requests.readPathAttrs,
  order: () => "alone",
  facts: asSent,
  // With a size it is refused before anything is set.
  describe: (facts) => facts.attrs?.size === undefined ? describeAttrs(facts) : [],
  run(conversation, { path, attrs }) {
    if (attrs.size !== undefined) throw new StorageError("invalid", "a link has no size to set");
    return conversation.storage.extensions.setLinkAttrs!(conversation.path(path), attrs);
  },
  reply: replyOk,
};

const limits: Row<undefined, wire.Limits> = {
  name: "limits",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.LIMITS, version: "1" },
  mutates: false,
  level: LogLevel.DEBUG,
  read: () => undefined,
  order: () => "any",
  facts: () => ({}),
  describe: () => ["limits"],
  run: (conversation) => conversation.limits,
  reply: (out, id, value) => writeExtendedReply(out, id, { value, write: wire.writeLimits }),
};

const expandPath: Row<requests.PathRequest, string> = {
  name: "expand-path",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.EXPAND_PATH, version: "1" },
  mutates: false,
  level: LogLevel.VERBOSE,
  read: requests.readPath,
  order: () => "any",
  facts: ({ path }) => ({ text: path }),
  describe: ({ text }) => [`expand "${text || "."}"`],
  run(conversation, { path }) {
    const expanded = path.startsWith("~") ? expandTilde(conversation, path) : path || ".";
    return after(
      conversation.storage.realPath(conversation.path(expanded)),
      (real) => checkedText("realPath()", real),
    );
  },
  finds: foundName,
  reply: replyName,
};

const copyData: Row<wire.CopyDataRequest, void> = {
  name: "copy-data",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.COPY_DATA, version: "1" },
  mutates: true,
  level: LogLevel.DEBUG,
  served: offers("copyData"),
  read: wire.readCopyData,
  order: () => "alone",
  facts: ({ source, sourceOffset, length, target, targetOffset }, { handles }) => ({
    path: handles.pathOf(source),
    offset: sourceOffset,
    length,
    to: handles.pathOf(target),
    targetOffset,
  }),
  describe: ({ path, offset, length, to, targetOffset }) => [
    `copy-data from "${path}" off ${offset} len ${length} to "${to}" off ${targetOffset}`,
  ],
  run: runCopyData,
  failed({ handles }, { target }, error) {
    // What is refused or short has copied all that it could; a client may go on by itself.
    const { code, status } = error instanceof StorageError ? error : { code: "failure" };
    if (code === "failure" && status !== StatusCode.EOF) handles.spoil(target);
  },
  reply: replyOk,
};

const homeDirectory: Row<{ readonly user: string }, string> = {
  name: "home-directory",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.HOME_DIRECTORY, version: "1" },
  mutates: false,
  level: LogLevel.DEBUG,
  read: (fields: Reader) => ({ user: fields.name() }),
  order: () => "any",
  facts: ({ user }) => ({ text: user }),
  describe: ({ text }) => [`home-directory "${text}"`],
  run: (conversation, { user }) => homeOf(conversation, user),
  finds: foundName,
  reply: replyName,
};

const usersGroupsById: Row<wire.IdsRequest, OwnerNames> = {
  name: "users-groups-by-id",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.USERS_GROUPS_BY_ID, version: "1" },
  mutates: false,
  level: LogLevel.DEBUG,
  served: offers("ownerNames"),
  read: wire.readIds,
  order: () => "any",
  facts: ({ uids, gids }) => ({ uids, gids }),
  describe: (
    { uids, gids },
  ) => [`users-groups-by-id of ${uids?.length} users, ${gids?.length} groups`],
  run: (conversation, asked) =>
    after(
      conversation.storage.extensions.ownerNames!(asked.uids, asked.gids),
      (owners) => checkedOwners(owners, asked),
    ),
  reply: (out, id, value) => writeExtendedReply(out, id, { value, write: wire.writeNamesById }),
};

/** The extended requests, in the order in which they are advertised. */
export const extensionRows: readonly Row[] = [
  posixRename,
  statvfs,
  fstatvfs,
  hardlink,
  fsync,
  lsetstat,
  limits,
  expandPath,
  copyData,
  homeDirectory,
  usersGroupsById,
  ...checkFileRows,
];

function offers(method: keyof StorageExtensions): (storage: Storage) => boolean {
  return (storage) => storage.extensions[method] !== undefined;
}

function runCopyData(
  conversation: Conversation,
  { source, sourceOffset, length, target, targetOffset }: wire.CopyDataRequest,
): MaybePromise<void> {
  const from = conversation.handles.file(source);
  const to = conversation.handles.file(target);
  if (from === to) throw new StorageError("failure", "source and target are one file");
  const targetPosition = to.append ? 0 : targetOffset;
  for (const offset of [sourceOffset, targetPosition]) {
    if (!Number.isSafeInteger(offset)) throw beyondAnyFile(offset);
  }
  const copied = conversation.storage.extensions.copyData!({
    source: from.file,
    sourcePosition: sourceOffset,
    length: length === 0 ? Infinity : length,
    target: to.file,
    targetPosition,
    checkpoint: conversation.checkpoint,
  });
  return after(copied, (count) => {
    checkedCount("copyData()", count, length === 0 ? Number.MAX_SAFE_INTEGER : length);
    from.bytesRead += count;
    to.bytesWritten += count;
    to.upload?.copied();
    if (count < length) throw new StorageError("failure", "", { status: StatusCode.EOF });
  });
}

/** The user's home is where the session starts; no other user's is known. */
function homeOf(conversation: Conversation, user: string): string {
  if (user !== "" && user !== conversation.user) throw new StorageError("failure", "no such user");
  return conversation.startDirectory;
}

function expandTilde(conversation: Conversation, path: string): string {
  const slash = path.indexOf("/");
  const user = slash === -1 ? path.slice(1) : path.slice(1, slash);
  if (user !== "" && user !== conversation.user) {
    throw new StorageError("not-found", "no such user", { text: "no such user" });
  }
  return conversation.startDirectory + (slash === -1 ? "" : path.slice(slash));
}
