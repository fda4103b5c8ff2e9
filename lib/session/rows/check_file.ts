/**
 * The requests for sums of a file (check-file), a row each. They need nothing of the storage but
 * reading.
 *
 * @module
 */

import { after, isPromise } from "../../async/maybe_promise.ts";
import type { MaybePromise } from "../../storage/storage.ts";
import { PacketType } from "../../wire/constants.ts";
import * as wire from "../../wire/extensions.ts";
import { writeExtendedReply } from "../../wire/replies.ts";
import { checkFile } from "../check_file.ts";
import { LogLevel } from "../log.ts";
import { openOptions } from "../open_options.ts";
import type { Conversation, Row } from "../table.ts";
import { ofHandle } from "./facts.ts";

const checkFileHandle: Row<wire.CheckFileHandleRequest, wire.CheckFileReply> = {
  name: "check-file-handle",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.CHECK_FILE_HANDLE, version: "1" },
  mutates: false,
  level: LogLevel.VERBOSE,
  read: wire.readCheckFileHandle,
  order: () => "handle",
  facts: ofHandle,
  describe: ({ path }) => [`check-file "${path}"`],
  run: (conversation, request) =>
    checkFile(conversation.handles.file(request.handle).file, request, conversation.checkpoint),
  reply: (out, id, value) =>
    writeExtendedReply(out, id, { value, write: wire.writeCheckFileReply }),
};

/** paramiko asks under this name. */
const checkFileOfParamiko: Row<wire.CheckFileHandleRequest, wire.CheckFileReply> = {
  ...checkFileHandle,
  name: "check-file",
  extension: { name: wire.Extension.CHECK_FILE, version: "1" },
  // paramiko's own server puts the name in front, and its client skips it.
  reply: (out, id, value) =>
    writeExtendedReply(out, id, {
      value,
      write(writer, reply) {
        writer.name(wire.Extension.CHECK_FILE);
        wire.writeCheckFileReply(writer, reply);
      },
    }),
};

const checkFileName: Row<wire.CheckFileNameRequest, wire.CheckFileReply> = {
  name: "check-file-name",
  type: PacketType.EXTENDED,
  extension: { name: wire.Extension.CHECK_FILE_NAME, version: "1" },
  mutates: false,
  level: LogLevel.VERBOSE,
  read: wire.readCheckFileName,
  order: () => "any",
  facts: ({ path }) => ({ path }),
  describe: ({ path }) => [`check-file "${path}"`],
  run: runCheckFileName,
  reply: checkFileHandle.reply,
};

/** All of them, in the order in which they are advertised. */
export const checkFileRows: readonly Row[] = [checkFileHandle, checkFileName, checkFileOfParamiko];

function runCheckFileName(
  conversation: Conversation,
  request: wire.CheckFileNameRequest,
): MaybePromise<wire.CheckFileReply> {
  const options = openOptions(0, {});
  return after(
    conversation.storage.open(conversation.path(request.path), options),
    (file) => closing(file, () => checkFile(file, request, conversation.checkpoint)),
  );
}

/** Closes `file` when `use` is over, however it ends. */
function closing<T>(
  file: { close(aborted: boolean): MaybePromise<void> },
  use: () => MaybePromise<T>,
): MaybePromise<T> {
  let result: MaybePromise<T>;
  try {
    result = use();
  } catch (error) {
    return after(file.close(false), () => {
      throw error;
    });
  }
  if (isPromise(result)) return result.finally(() => file.close(false));
  const value = result;
  return after(file.close(false), () => value);
}
