import type { FileAttrs } from "../../lib/attrs.ts";

/** Attributes as a packet's reader returns them: all fields, absent ones undefined. */
export function attrs(present: FileAttrs = {}): FileAttrs {
  return {
    size: undefined,
    uid: undefined,
    gid: undefined,
    permissions: undefined,
    atime: undefined,
    mtime: undefined,
    extended: undefined,
    ...present,
  };
}
