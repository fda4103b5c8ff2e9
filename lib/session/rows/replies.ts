import { StatusCode } from "../../wire/constants.ts";
import { writeNames, writeStatus } from "../../wire/replies.ts";
import type { Writer } from "../../wire/writer.ts";
import { status } from "../status.ts";

/** Answers that it is done. */
export function replyOk(out: Writer, id: number): void {
  writeStatus(out, id, status(StatusCode.OK));
}

/** Answers with one name and no attributes. */
export function replyName(out: Writer, id: number, name: string): void {
  writeNames(out, id, [{ filename: name, longname: name, attrs: {} }]);
}
