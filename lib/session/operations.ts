/**
 * The requests of SFTP version 3 (draft-ietf-secsh-filexfer-02, section 6), a
 * row each, with the manners of OpenSSH's server.
 *
 * @module
 */

import { after } from "../maybe_promise.ts";
import { beyondAnyFile, StorageError } from "../storage/errors.ts";
import type { DirEntry, FileAttrs } from "../storage/storage.ts";
import { MAX_DATA_LENGTH, PacketType, StatusCode } from "../wire/constants.ts";
import * as replies from "../wire/replies.ts";
import * as requests from "../wire/requests.ts";
import type { Writer } from "../wire/writer.ts";
import { describeAttrs, describeOpen } from "./describe.ts";
import type { OpenDirectory } from "./handles.ts";
import { LogLevel } from "./log.ts";
import { longname } from "./longname.ts";
import { openOptions } from "./open_options.ts";
import { status } from "./status.ts";
import type { Order, Row } from "./table.ts";

/** Entries fetched for one NAME reply, as OpenSSH's. */
const ENTRIES_PER_REPLY = 100;

/** A NAME reply ends before this many bytes: older clients take no packet above 34,000. */
const LONGEST_LISTING = 32_000;

const open: Row<requests.OpenRequest, Uint8Array> = {
  name: "open",
  type: PacketType.OPEN,
  mutates: false, // only with some flags, which the policy looks at
  level: LogLevel.INFO,
  read: requests.readOpen,
  order: (_conversation, { pflags }) => openOptions(pflags, {}).write ? "alone" : "any",
  describe: describeOpen,
  run(conversation, { path, pflags, attrs }) {
    const { handles, storage } = conversation;
    handles.checkRoom();
    const options = openOptions(pflags, attrs);
    const virtual = conversation.path(path);
    return after(storage.open(virtual, options), (file) =>
      handles.add({
        kind: "file",
        path: virtual,
        file,
        writable: options.write,
        append: options.append,
        bytesRead: 0,
        bytesWritten: 0,
      }));
  },
  reply: replies.writeHandleReply,
};

const close: Row<requests.HandleRequest, void> = {
  name: "close",
  type: PacketType.CLOSE,
  mutates: false,
  level: LogLevel.INFO,
  read: requests.readHandle,
  order(conversation, { handle }): Order {
    const open = conversation.handles.find(handle);
    return open?.kind === "file" && open.writable ? "alone" : "handle";
  },
  describe({ handle }, conversation) {
    const open = conversation.handles.find(handle);
    if (open === undefined) return [];
    return [
      open.kind === "directory"
        ? `closedir "${open.path}"`
        : `close "${open.path}" bytes read ${open.bytesRead} written ${open.bytesWritten}`,
    ];
  },
  run(conversation, { handle }) {
    const open = conversation.handles.remove(handle);
    return open.kind === "file" ? open.file.close(false) : open.dir.close();
  },
  reply: replyOk,
};

const read: Row<requests.ReadRequest, Uint8Array | undefined> = {
  name: "read",
  type: PacketType.READ,
  mutates: false,
  level: LogLevel.DEBUG,
  read: requests.readRead,
  order: () => "read",
  describe: ({ offset, length }, _conversation) => [`read off ${offset} len ${length}`],
  run(conversation, { handle, offset, length }) {
    const open = conversation.handles.file(handle);
    if (!Number.isSafeInteger(offset)) throw beyondAnyFile(offset);
    const window = conversation.lend(Math.min(length, MAX_DATA_LENGTH));
    if (length === 0) return window;
    return after(open.file.read(window, offset), (count) => {
      open.bytesRead += count;
      return count === 0 ? undefined : window.subarray(0, count);
    });
  },
  reply(out, id, data) {
    if (data === undefined) replies.writeStatus(out, id, status(StatusCode.EOF));
    else replies.writeData(out, id, data);
  },
};

const write: Row<requests.WriteRequest, void> = {
  name: "write",
  type: PacketType.WRITE,
  mutates: true,
  level: LogLevel.DEBUG,
  read: requests.readWrite,
  order: () => "write",
  describe: ({ offset, data }) => [`write off ${offset} len ${data.length}`],
  run(conversation, { handle, offset, data }) {
    const open = conversation.handles.file(handle);
    if (!Number.isSafeInteger(offset) && !open.append) throw beyondAnyFile(offset);
    return after(open.file.write(data, offset), () => {
      open.bytesWritten += data.length;
    });
  },
  reply: replyOk,
};

const lstat: Row<requests.PathRequest, FileAttrs> = {
  name: "lstat",
  type: PacketType.LSTAT,
  mutates: false,
  level: LogLevel.DEBUG,
  read: requests.readPath,
  order: () => "any",
  describe: ({ path }) => [`lstat name "${path}"`],
  run: (conversation, { path }) => conversation.storage.lstat(conversation.path(path)),
  reply: replies.writeAttrsReply,
};

const stat: Row<requests.PathRequest, FileAttrs> = {
  name: "stat",
  type: PacketType.STAT,
  mutates: false,
  level: LogLevel.DEBUG,
  read: requests.readPath,
  order: () => "any",
  describe: ({ path }) => [`stat name "${path}"`],
  run: (conversation, { path }) => conversation.storage.stat(conversation.path(path)),
  reply: replies.writeAttrsReply,
};

const fstat: Row<requests.HandleRequest, FileAttrs> = {
  name: "fstat",
  type: PacketType.FSTAT,
  mutates: false,
  level: LogLevel.DEBUG,
  read: requests.readHandle,
  order: () => "handle",
  describe: ({ handle }, { handles }) => [`fstat "${handles.find(handle)?.path ?? ""}"`],
  run: (conversation, { handle }) => conversation.handles.file(handle).file.stat(),
  reply: replies.writeAttrsReply,
};

const setstat: Row<requests.PathAttrsRequest, void> = {
  name: "setstat",
  type: PacketType.SETSTAT,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readPathAttrs,
  order: () => "alone",
  describe: ({ path, attrs }) => describeAttrs("set", path, attrs),
  run: (conversation, { path, attrs }) =>
    conversation.storage.setAttrs(conversation.path(path), attrs),
  reply: replyOk,
};

const fsetstat: Row<requests.HandleAttrsRequest, void> = {
  name: "fsetstat",
  type: PacketType.FSETSTAT,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readHandleAttrs,
  order: () => "alone",
  describe: ({ handle, attrs }, { handles }) =>
    describeAttrs("set", handles.find(handle)?.path ?? "", attrs),
  run: (conversation, { handle, attrs }) => conversation.handles.file(handle).file.setAttrs(attrs),
  reply: replyOk,
};

const opendir: Row<requests.PathRequest, Uint8Array> = {
  name: "opendir",
  type: PacketType.OPENDIR,
  mutates: false,
  level: LogLevel.INFO,
  read: requests.readPath,
  order: () => "any",
  describe: ({ path }) => [`opendir "${path}"`],
  run(conversation, { path }) {
    const { handles, storage } = conversation;
    handles.checkRoom();
    const virtual = conversation.path(path);
    return after(
      storage.openDir(virtual),
      (dir) => handles.add({ kind: "directory", path: virtual, dir, waiting: [] }),
    );
  },
  reply: replies.writeHandleReply,
};

/** Entries for one NAME reply; those that do not fit go back to `directory`. */
interface Listing {
  readonly directory: OpenDirectory;
  readonly entries: readonly DirEntry[];
}

const readdir: Row<requests.HandleRequest, Listing> = {
  name: "readdir",
  type: PacketType.READDIR,
  mutates: false,
  level: LogLevel.DEBUG,
  read: requests.readHandle,
  order: () => "handle",
  describe: ({ handle }, { handles }) => [`readdir "${handles.find(handle)?.path ?? ""}"`],
  run(conversation, { handle }) {
    const directory = conversation.handles.directory(handle);
    const { dir, waiting } = directory;
    if (waiting.length > 0) return { directory, entries: waiting };
    return after(dir.next(ENTRIES_PER_REPLY), (entries) => ({ directory, entries }));
  },
  reply(out, id, { directory, entries }) {
    if (entries.length === 0) {
      replies.writeStatus(out, id, status(StatusCode.EOF));
      return;
    }
    const written = replies.writeNames(out, id, listed(entries), LONGEST_LISTING);
    directory.waiting = entries.slice(written);
  },
};

const remove: Row<requests.PathRequest, void> = {
  name: "remove",
  type: PacketType.REMOVE,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readPath,
  order: () => "alone",
  describe: ({ path }) => [`remove name "${path}"`],
  run: (conversation, { path }) => conversation.storage.remove(conversation.path(path)),
  reply: replyOk,
};

const mkdir: Row<requests.PathAttrsRequest, void> = {
  name: "mkdir",
  type: PacketType.MKDIR,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readPathAttrs,
  order: () => "alone",
  describe: ({ path, attrs }) => [
    `mkdir name "${path}" mode 0${((attrs.permissions ?? 0o777) & 0o7777).toString(8)}`,
  ],
  run: (conversation, { path, attrs }) =>
    conversation.storage.mkdir(conversation.path(path), attrs),
  reply: replyOk,
};

const rmdir: Row<requests.PathRequest, void> = {
  name: "rmdir",
  type: PacketType.RMDIR,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readPath,
  order: () => "alone",
  describe: ({ path }) => [`rmdir name "${path}"`],
  run: (conversation, { path }) => conversation.storage.rmdir(conversation.path(path)),
  reply: replyOk,
};

const realpath: Row<requests.PathRequest, string> = {
  name: "realpath",
  type: PacketType.REALPATH,
  mutates: false,
  level: LogLevel.VERBOSE,
  read: requests.readPath,
  order: () => "any",
  describe: ({ path }) => [`realpath "${path}"`],
  run: (conversation, { path }) => conversation.storage.realPath(conversation.path(path || ".")),
  reply: replyName,
};

const rename: Row<requests.TwoPathsRequest, void> = {
  name: "rename",
  type: PacketType.RENAME,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readTwoPaths,
  order: () => "alone",
  describe: ({ from, to }) => [`rename old "${from}" new "${to}"`],
  run: (conversation, { from, to }) =>
    conversation.storage.rename(conversation.path(from), conversation.path(to)),
  reply: replyOk,
};

const readlink: Row<requests.PathRequest, string> = {
  name: "readlink",
  type: PacketType.READLINK,
  mutates: false,
  level: LogLevel.VERBOSE,
  read: requests.readPath,
  order: () => "any",
  describe: ({ path }) => [`readlink "${path}"`],
  run: (conversation, { path }) => conversation.storage.readLink(conversation.path(path)),
  reply: replyName,
};

const symlink: Row<requests.SymlinkRequest, void> = {
  name: "symlink",
  type: PacketType.SYMLINK,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readSymlink,
  order: () => "alone",
  describe: ({ target, link }) => [`symlink old "${target}" new "${link}"`],
  run(conversation, { target, link }) {
    if (target === "") throw new StorageError("not-found");
    return conversation.storage.symlink(target, conversation.path(link));
  },
  reply: replyOk,
};

/** The core requests, in the order in which OpenSSH lists them. */
export const operations: readonly Row[] = [
  open,
  close,
  read,
  write,
  lstat,
  fstat,
  setstat,
  fsetstat,
  opendir,
  readdir,
  remove,
  mkdir,
  rmdir,
  realpath,
  stat,
  rename,
  readlink,
  symlink,
];

/** Answers that it is done. */
export function replyOk(out: Writer, id: number): void {
  replies.writeStatus(out, id, status(StatusCode.OK));
}

/** Answers with one name and no attributes. */
export function replyName(out: Writer, id: number, name: string): void {
  replies.writeNames(out, id, [{ filename: name, longname: name, attrs: {} }]);
}

function* listed(entries: readonly DirEntry[]): Iterable<replies.NameEntry> {
  const now = Math.floor(Date.now() / 1000);
  for (const entry of entries) {
    yield { filename: entry.name, longname: longname(entry, now), attrs: entry.attrs };
  }
}
