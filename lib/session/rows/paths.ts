/**
 * The requests on paths (draft-ietf-secsh-filexfer-02, sections 6.5 and 6.8 to
 * 6.11), a row each, with the manners of OpenSSH's server.
 *
 * @module
 */

import { after } from "../../async/maybe_promise.ts";
import { StorageError } from "../../storage/errors.ts";
import type { FileAttrs } from "../../storage/storage.ts";
import { PacketType } from "../../wire/constants.ts";
import * as replies from "../../wire/replies.ts";
import * as requests from "../../wire/requests.ts";
import { checkedAttrs, checkedText } from "../answers.ts";
import { describeAttrs } from "../describe.ts";
import { LogLevel } from "../log.ts";
import type { Row } from "../table.ts";
import { asSent, foundAttrs, foundName, ofTwoPaths } from "./facts.ts";
import { replyName, replyOk } from "./replies.ts";

const checkedLstat = (attrs: FileAttrs) => checkedAttrs("lstat()", attrs);
const checkedStat = (attrs: FileAttrs) => checkedAttrs("stat()", attrs);

const lstat: Row<requests.PathRequest, FileAttrs> = {
  name: "lstat",
  type: PacketType.LSTAT,
  mutates: false,
  level: LogLevel.VERBOSE,
  read: requests.readPath,
  order: () => "any",
  facts: asSent,
  describe: ({ path }) => [`lstat name "${path}"`],
  run: (conversation, { path }) =>
    after(conversation.storage.lstat(conversation.path(path)), checkedLstat),
  finds: foundAttrs,
  reply: replies.writeAttrsReply,
};

const stat: Row<requests.PathRequest, FileAttrs> = {
  name: "stat",
  type: PacketType.STAT,
  mutates: false,
  level: LogLevel.VERBOSE,
  read: requests.readPath,
  order: () => "any",
  facts: asSent,
  describe: ({ path }) => [`stat name "${path}"`],
  run: (conversation, { path }) =>
    after(conversation.storage.stat(conversation.path(path)), checkedStat),
  finds: foundAttrs,
  reply: replies.writeAttrsReply,
};

const setstat: Row<requests.PathAttrsRequest, void> = {
  name: "setstat",
  type: PacketType.SETSTAT,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readPathAttrs,
  order: () => "alone",
  facts: asSent,
  describe: describeAttrs,
  run: (conversation, { path, attrs }) =>
    conversation.storage.setAttrs(conversation.path(path), attrs),
  reply: replyOk,
};

const remove: Row<requests.PathRequest, void> = {
  name: "remove",
  type: PacketType.REMOVE,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readPath,
  order: () => "alone",
  facts: asSent,
  describe: ({ path }) => [`remove name "${path}"`],
  run: (conversation, { path }) => conversation.storage.remove(conversation.path(path)),
  reply: replyOk,
};

const realpath: Row<requests.PathRequest, string> = {
  name: "realpath",
  type: PacketType.REALPATH,
  mutates: false,
  level: LogLevel.VERBOSE,
  read: requests.readPath,
  order: () => "any",
  facts: asSent,
  describe: ({ path }) => [`realpath "${path || "."}"`],
  run: (conversation, { path }) =>
    after(
      conversation.storage.realPath(conversation.path(path || ".")),
      (real) => checkedText("realPath()", real),
    ),
  finds: foundName,
  reply: replyName,
};

const rename: Row<requests.TwoPathsRequest, void> = {
  name: "rename",
  type: PacketType.RENAME,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readTwoPaths,
  order: () => "alone",
  facts: ofTwoPaths,
  describe: ({ path, to }) => [`rename old "${path}" new "${to}"`],
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
  facts: asSent,
  describe: ({ path }) => [`readlink "${path}"`],
  run: (conversation, { path }) =>
    after(
      conversation.storage.readLink(conversation.path(path)),
      (text) => checkedText("readLink()", text),
    ),
  finds: foundName,
  reply: replyName,
};

const symlink: Row<requests.SymlinkRequest, void> = {
  name: "symlink",
  type: PacketType.SYMLINK,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readSymlink,
  order: () => "alone",
  facts: ({ target, link }) => ({ path: link, target }),
  describe: ({ path, target }) => [`symlink old "${target}" new "${path}"`],
  run(conversation, { target, link }) {
    if (target === "") throw new StorageError("not-found");
    return conversation.storage.symlink(target, conversation.path(link));
  },
  reply: replyOk,
};

/** Rows of the requests on paths. */
export const pathRows = { lstat, stat, setstat, remove, realpath, rename, readlink, symlink };
