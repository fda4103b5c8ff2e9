import { MAX_PACKET_LENGTH, StatusCode } from "../../wire/constants.ts";
import { writeNames, writeStatus } from "../../wire/replies.ts";
import type { Writer } from "../../wire/writer.ts";
import { status } from "../status.ts";

/** Characters of a name that fits into a packet: there it stands twice, and each may be three bytes. */
const MAX_NAME = MAX_PACKET_LENGTH / 8;

/** Answers that it is done. */
export function replyOk(out: Writer, id: number): void {
  writeStatus(out, id, status(StatusCode.OK));
}

/** Answers with one name and no attributes; a client takes no packet that is too long. */
export function replyName(out: Writer, id: number, name: string): void {
  if (name.length > MAX_NAME) {
    writeStatus(out, id, { code: StatusCode.FAILURE, message: "Failure: name too long" });
    return;
  }
  writeNames(out, id, [{ name, longname: name, attrs: {} }]);
}
