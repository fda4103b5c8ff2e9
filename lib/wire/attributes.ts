import type { ExtendedAttr, FileAttrs } from "../attrs.ts";
import { AttrFlag, MAX_EXTENDED_ATTRS } from "./constants.ts";
import { ProtocolError } from "./errors.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** Reads an attribute block (section 5). */
export function readAttrs(reader: Reader): FileAttrs {
  const flags = reader.u32();
  const size = flags & AttrFlag.SIZE ? reader.u64() : undefined;
  const owned = flags & AttrFlag.UIDGID;
  const uid = owned ? reader.u32() : undefined;
  const gid = owned ? reader.u32() : undefined;
  const permissions = flags & AttrFlag.PERMISSIONS ? reader.u32() : undefined;
  const timed = flags & AttrFlag.ACMODTIME;
  const atime = timed ? reader.u32() : undefined;
  const mtime = timed ? reader.u32() : undefined;
  const extended = flags & AttrFlag.EXTENDED ? readExtended(reader) : undefined;
  return { size, uid, gid, permissions, atime, mtime, extended };
}

/** Writes an attribute block; a pair of which one half is missing is left out. */
export function writeAttrs(writer: Writer, attrs: FileAttrs): void {
  const { size, uid, gid, permissions, atime, mtime, extended } = attrs;
  const owned = uid !== undefined && gid !== undefined;
  const timed = atime !== undefined && mtime !== undefined;
  writer.u32(
    (size === undefined ? 0 : AttrFlag.SIZE) |
      (owned ? AttrFlag.UIDGID : 0) |
      (permissions === undefined ? 0 : AttrFlag.PERMISSIONS) |
      (timed ? AttrFlag.ACMODTIME : 0) |
      (extended === undefined ? 0 : AttrFlag.EXTENDED),
  );
  if (size !== undefined) writer.u64(size);
  if (owned) {
    writer.u32(uid);
    writer.u32(gid);
  }
  if (permissions !== undefined) writer.u32(permissions);
  if (timed) {
    writer.u32(atime);
    writer.u32(mtime);
  }
  if (extended !== undefined) {
    writer.u32(extended.length);
    for (const [type, data] of extended) {
      writer.name(type);
      writer.bytes(data);
    }
  }
}

function readExtended(reader: Reader): readonly ExtendedAttr[] {
  const count = reader.u32();
  if (count > MAX_EXTENDED_ATTRS) throw new ProtocolError("too many extended attributes");
  const pairs: ExtendedAttr[] = [];
  for (let index = 0; index < count; index++) {
    pairs.push([reader.name(), reader.bytes().slice()]);
  }
  return pairs;
}
