/**
 * The requests on directories (draft-ietf-secsh-filexfer-02, sections 6.6 and
 * 6.7), a row each, with the manners of OpenSSH's server.
 *
 * @module
 */

import { DEFAULT_DIRECTORY_MODE, PERMISSION_BITS } from "../../attrs.ts";
import { after } from "../../async/maybe_promise.ts";
import { nextShown } from "../../storage/entries.ts";
import type { DirEntry } from "../../storage/storage.ts";
import { PacketType, StatusCode } from "../../wire/constants.ts";
import { writeAttrs } from "../../wire/attributes.ts";
import * as replies from "../../wire/replies.ts";
import * as requests from "../../wire/requests.ts";
import type { Writer } from "../../wire/writer.ts";
import { checkedEntries, checkedHandle } from "../answers.ts";
import type { OpenDirectory } from "../handles.ts";
import { boundedField, LogLevel } from "../log.ts";
import type { Longnames } from "../longname.ts";
import { status } from "../status.ts";
import type { Conversation, Row } from "../table.ts";
import { asSent, ofHandle } from "./facts.ts";
import { replyOk } from "./replies.ts";

/** Entries fetched for one NAME reply; more would seldom fit into it. */
const ENTRIES_PER_REPLY = 256;

/** A NAME reply ends before this many bytes: older clients take no packet above 34,000. */
const MAX_LISTING_BYTES = 32_000;

const opendir: Row<requests.PathRequest, Uint8Array> = {
  name: "opendir",
  type: PacketType.OPENDIR,
  mutates: false,
  level: LogLevel.INFO,
  read: requests.readPath,
  order: () => "any",
  facts: asSent,
  describe: ({ path }) => [`opendir "${path}"`],
  run(conversation, { path }) {
    const { handles, storage } = conversation;
    const virtual = conversation.path(path);
    return handles.add(() =>
      after(
        storage.openDir(virtual),
        (dir) => ({
          kind: "directory",
          path: virtual,
          dir: checkedHandle("openDir()", dir),
          waiting: [],
        }),
      )
    );
  },
  reply: replies.writeHandleReply,
};

/** Entries for one NAME reply; those that do not fit go back to `directory`. */
interface Listing {
  readonly directory: OpenDirectory;
  readonly entries: readonly DirEntry[];
  readonly longnames: Longnames;
}

const readdir: Row<requests.HandleRequest, Listing> = {
  name: "readdir",
  type: PacketType.READDIR,
  mutates: false,
  level: LogLevel.DEBUG,
  read: requests.readHandle,
  order: () => "handle",
  facts: ofHandle,
  describe: ({ path }) => [`readdir "${path}"`],
  finds: ({ entries }) => ({ entries: entries.length }),
  run(conversation, { handle }) {
    const directory = conversation.handles.directory(handle);
    const { dir, waiting } = directory;
    const { checkpoint, longnames } = conversation;
    if (waiting.length > 0) return { directory, entries: waiting, longnames };
    const shown = (entries: readonly DirEntry[]) => withoutPaths(entries, conversation, directory);
    return after(
      nextShown(dir, { limit: ENTRIES_PER_REPLY, shown, checkpoint }),
      (entries) => ({ directory, entries, longnames }),
    );
  },
  reply(out, id, { directory, entries, longnames }) {
    if (entries.length === 0) {
      replies.writeStatus(out, id, status(StatusCode.EOF));
      return;
    }
    const written = writeListing(out, id, { entries, longnames });
    directory.waiting = written === entries.length ? [] : entries.slice(written);
  },
};

const mkdir: Row<requests.PathAttrsRequest, void> = {
  name: "mkdir",
  type: PacketType.MKDIR,
  mutates: true,
  level: LogLevel.INFO,
  read: requests.readPathAttrs,
  order: () => "alone",
  facts: asSent,
  describe: ({ path, attrs }) => [
    `mkdir name "${path}" mode 0${
      ((attrs?.permissions ?? DEFAULT_DIRECTORY_MODE) & PERMISSION_BITS).toString(8)
    }`,
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
  facts: asSent,
  describe: ({ path }) => [`rmdir name "${path}"`],
  run: (conversation, { path }) => conversation.storage.rmdir(conversation.path(path)),
  reply: replyOk,
};

/** Rows of the requests on directories. */
export const directoryRows = { opendir, readdir, mkdir, rmdir };

/** A name that holds a `/` would have a client reach elsewhere by what it lists. */
function withoutPaths(
  entries: readonly DirEntry[],
  conversation: Conversation,
  { path }: OpenDirectory,
): readonly DirEntry[] {
  checkedEntries(entries);
  const first = entries.find(({ name }) => !isName(name));
  if (first === undefined) return entries;
  const names = entries.filter(({ name }) => isName(name));
  const count = entries.length - names.length;
  const told = `${count} left out of the listing of "${boundedField(path)}": "${
    boundedField(first.name)
  }" is no name`;
  conversation.say(LogLevel.ERROR, told);
  return names;
}

function isName(name: string): boolean {
  return name !== "" && !name.includes("/");
}

/** Writes as many entries as one reply may hold, but at least one, and returns how many. */
function writeListing(
  out: Writer,
  id: number,
  { entries, longnames }: Pick<Listing, "entries" | "longnames">,
): number {
  const now = Math.floor(Date.now() / 1000);
  const countAt = replies.beginNames(out, id);
  let count = 0;
  for (const entry of entries) {
    const before = out.position;
    out.name(entry.name);
    longnames.write(out, entry, before, now);
    writeAttrs(out, entry.attrs);
    if (count > 0 && out.position - countAt > MAX_LISTING_BYTES) {
      out.truncate(before);
      break;
    }
    count++;
  }
  replies.endNames(out, countAt, count);
  return count;
}
