/**
 * The requests on files by handle (draft-ietf-secsh-filexfer-02, sections 6.3
 * to 6.5), a row each, with the manners of OpenSSH's server.
 *
 * @module
 */

import { after } from "../../async/maybe_promise.ts";
import { beyondAnyFile } from "../../storage/errors.ts";
import type { FileAttrs, OpenOptions } from "../../storage/storage.ts";
import { MAX_DATA_LENGTH, PacketType, StatusCode } from "../../wire/constants.ts";
import * as replies from "../../wire/replies.ts";
import * as requests from "../../wire/requests.ts";
import { checkedAttrs, checkedCount, checkedHandle } from "../answers.ts";
import { describeAttrs, describeOpen } from "../describe.ts";
import { LogLevel } from "../log.ts";
import { openOptions } from "../open_options.ts";
import { status } from "../status.ts";
import type { Order, Row } from "../table.ts";
import type { Findings } from "../facts.ts";
import { foundAttrs, ofClosing, ofHandle } from "./facts.ts";
import { replyOk } from "./replies.ts";
import { Upload } from "./upload.ts";

/** An OPEN with its flags by name, which its order, its log line and its operation ask for. */
interface OpenRequest extends requests.OpenRequest {
  readonly options: OpenOptions;
}

const open: Row<OpenRequest, Uint8Array> = {
  name: "open",
  type: PacketType.OPEN,
  mutates: false, // only with some flags, which the policy looks at
  level: LogLevel.INFO,
  read(fields) {
    const request = requests.readOpen(fields);
    return { ...request, options: openOptions(request.pflags, request.attrs) };
  },
  order: (_conversation, { options }) => options.write ? "alone" : "any",
  facts: ({ path, pflags, attrs, options }) => ({ path, pflags, attrs, options }),
  describe: describeOpen,
  run(conversation, { path, options }) {
    const { handles, storage, uploads } = conversation;
    const virtual = conversation.path(path);
    return handles.add(() =>
      after(storage.open(virtual, options), (file) => ({
        kind: "file",
        path: virtual,
        file: checkedHandle("open()", file),
        writable: options.write,
        append: options.append,
        bytesRead: 0,
        bytesWritten: 0,
        upload: uploads !== undefined && options.write ? new Upload(options, uploads) : undefined,
        openedAt: performance.now(),
      }))
    );
  },
  reply: replies.writeHandleReply,
};

const close: Row<requests.HandleRequest, Findings | void> = {
  name: "close",
  type: PacketType.CLOSE,
  mutates: false,
  level: LogLevel.INFO,
  read: requests.readHandle,
  order(conversation, { handle }): Order {
    const open = conversation.handles.find(handle);
    if (open?.kind !== "file" || !open.writable) return "handle";
    return conversation.storage.decidesOnClose ? "aside" : "alone";
  },
  facts({ handle }, { handles }) {
    const open = handles.find(handle);
    return open === undefined ? { path: "" } : ofClosing(open);
  },
  describe({ kind, path, bytesRead, bytesWritten }) {
    if (kind === undefined) return [];
    return [
      kind === "directory"
        ? `closedir "${path}"`
        : `close "${path}" bytes read ${bytesRead} written ${bytesWritten}`,
    ];
  },
  run(conversation, { handle }) {
    const open = conversation.handles.remove(handle);
    if (open.kind === "directory") return open.dir.close();
    return open.upload?.close(open.file) ?? open.file.close(false);
  },
  finds: (found) => found ?? undefined,
  reply: replyOk,
};

const read: Row<requests.ReadRequest, Uint8Array | undefined> = {
  name: "read",
  type: PacketType.READ,
  mutates: false,
  level: LogLevel.DEBUG,
  read: requests.readRead,
  order: () => "read",
  facts: ({ handle, offset, length }, { handles }) => ({
    path: handles.pathOf(handle),
    offset,
    length,
  }),
  describe: ({ offset, length }) => [`read off ${offset} len ${length}`],
  finds: (data) => ({ bytes: data?.length ?? 0 }),
  run(conversation, { handle, offset, length }) {
    const open = conversation.handles.file(handle);
    if (!Number.isSafeInteger(offset)) throw beyondAnyFile(offset);
    const window = conversation.lend(Math.min(length, MAX_DATA_LENGTH));
    if (length === 0) return window;
    return after(open.file.read(window, offset), (count) => {
      open.bytesRead += checkedCount("read()", count, window.length);
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
  kept: ({ data }) => data,
  // Appended data is written in the order in which it came.
  order: ({ handles }, { handle }) => {
    const open = handles.find(handle);
    return open?.kind === "file" && open.append ? "handle" : "write";
  },
  facts: ({ handle, offset, data }, { handles }) => ({
    path: handles.pathOf(handle),
    offset,
    length: data.length,
    data,
  }),
  describe: ({ offset, length }) => [`write off ${offset} len ${length}`],
  finds: (_done, { data }) => ({ bytes: data.length }),
  run(conversation, { handle, offset, data }) {
    const open = conversation.handles.file(handle);
    if (!Number.isSafeInteger(offset) && !open.append) throw beyondAnyFile(offset);
    // A storage that appends finds the end by itself; a far side that cannot uses the offset.
    const position = Number.isSafeInteger(offset) ? offset : 0;
    return after(open.file.write(data, position), () => {
      open.bytesWritten += data.length;
      open.upload?.wrote(data, position);
    });
  },
  failed: ({ handles }, { handle }) => handles.spoil(handle),
  reply: replyOk,
};

const checkedFstat = (attrs: FileAttrs) => checkedAttrs("stat() of an open file", attrs);

const fstat: Row<requests.HandleRequest, FileAttrs> = {
  name: "fstat",
  type: PacketType.FSTAT,
  mutates: false,
  level: LogLevel.DEBUG,
  read: requests.readHandle,
  order: () => "handle",
  facts: ofHandle,
  describe: ({ path }) => [`fstat "${path}"`],
  finds: foundAttrs,
  run: (conversation, { handle }) =>
    after(conversation.handles.file(handle).file.stat(), checkedFstat),
  reply: replies.writeAttrsReply,
};

const fsetstat: Row<requests.HandleAttrsRequest, void> = {
  name: "fsetstat",
  type: PacketType.FSETSTAT,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readHandleAttrs,
  order: () => "alone",
  facts: ({ handle, attrs }, { handles }) => ({ path: handles.pathOf(handle), attrs }),
  describe: (facts) => facts.path === "" ? [] : describeAttrs(facts),
  run(conversation, { handle, attrs }) {
    const { file, upload } = conversation.handles.file(handle);
    const set = file.setAttrs(attrs);
    if (upload === undefined || attrs.size === undefined) return set;
    return after(set, () => upload.resized(attrs.size!));
  },
  failed({ handles }, { handle, attrs }) {
    if (attrs.size !== undefined) handles.spoil(handle);
  },
  reply: replyOk,
};

/** Rows of the requests on files. */
export const fileRows = { open, close, read, write, fstat, fsetstat };
