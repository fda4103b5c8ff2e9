import { StorageError } from "../../storage/errors.ts";
import { PacketType, StatusCode } from "../../wire/constants.ts";
import { writeStatus } from "../../wire/replies.ts";
import { LogLevel } from "../log.ts";
import { status } from "../status.ts";
import type { Row } from "../table.ts";

/** The row of every request that is not known or not served here; the request is its name. */
export const unsupportedRow: Row = {
  name: "unsupported",
  type: PacketType.EXTENDED,
  mutates: false,
  level: LogLevel.DEBUG,
  read: () => undefined,
  order: () => "any",
  facts: (what) => ({ text: String(what) }),
  describe: () => [],
  run: () => {
    throw new StorageError("unsupported");
  },
  reply: (out, id) => writeStatus(out, id, status(StatusCode.OP_UNSUPPORTED)),
};
