/**
 * Attributes as metadata of objects, in the form of s3fs and rclone: `mode` with the type of the
 * file, `uid`, `gid`, and `mtime` and `atime` in seconds, all as decimal numbers.
 *
 * @module
 */

import { type FileAttrs, FileType, isSymlink, PERMISSION_BITS } from "../../../attrs.ts";
import type { Metadata, ObjectInfo } from "../client/s3_client.ts";
import type { Owner } from "../context.ts";

/** Attributes that an object keeps; times in seconds. */
export interface Attributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly atime?: number;
  readonly mtime?: number;
}

/** What a path leads to. */
export type Entry =
  | { readonly kind: "file" | "link"; readonly info: ObjectInfo }
  /** Without a marker it exists because files are below it. */
  | { readonly kind: "directory"; readonly marker: ObjectInfo | undefined };

/** Owners and times are numbers of 32 bits on the wire. */
const MOST_32_BITS = 0xffff_ffff;
const MODE_OF_FOREIGN_FILES = 0o644;
const MODE_OF_IMPLIED_DIRECTORIES = 0o755;
const MODE_OF_LINKS = 0o777;

/** The names of the metadata that are attributes. */
const NAMES = ["mode", "uid", "gid", "atime", "mtime"] as const;

/** Metadata that tells of an object's content, which is wrong once that has changed. */
const OF_CONTENT = ["md5chksum", "sha256", "ctime"];

/** What has an object's key: a link is an object whose mode says so, as s3fs writes it. */
export function entryOf(info: ObjectInfo): Entry {
  const { mode = 0 } = parsed(info.metadata);
  return { kind: isSymlink({ permissions: mode }) ? "link" : "file", info };
}

/** The attributes of an entry. */
export function attrsOf(entry: Entry, owner: Owner): FileAttrs {
  switch (entry.kind) {
    case "file":
      return attrsOfObject(
        entry.info,
        { type: FileType.REGULAR, mode: MODE_OF_FOREIGN_FILES },
        owner,
      );
    case "link":
      return attrsOfObject(entry.info, { type: FileType.SYMLINK, mode: MODE_OF_LINKS }, owner);
    case "directory": {
      const otherwise = { type: FileType.DIRECTORY, mode: MODE_OF_IMPLIED_DIRECTORIES };
      if (entry.marker !== undefined) {
        return { ...attrsOfObject(entry.marker, otherwise, owner), size: 0 };
      }
      return { size: 0, ...owner, permissions: otherwise.type | otherwise.mode };
    }
  }
}

function attrsOfObject(
  { size, modified, metadata }: Pick<ObjectInfo, "size" | "modified" | "metadata">,
  otherwise: { readonly type: number; readonly mode: number },
  owner: Owner,
): FileAttrs {
  const { mode = otherwise.mode, uid, gid, atime, mtime } = parsed(metadata);
  const changed = mtime ?? Math.floor(modified.getTime() / 1000);
  return {
    size,
    permissions: otherwise.type | (mode & PERMISSION_BITS),
    uid: uid ?? owner.uid,
    gid: gid ?? owner.gid,
    atime: atime ?? changed,
    mtime: changed,
  };
}

/** The attributes in metadata; what is not one of this form is ignored. */
function parsed(metadata: Metadata | undefined): Attributes {
  const found: Record<string, number> = {};
  for (const name of NAMES) {
    const number = name === "mode" ? modeIn(metadata?.get(name)) : wholeNumber(metadata?.get(name));
    if (number !== undefined) found[name] = number;
  }
  return found;
}

/** A mode in decimal digits, as s3fs writes it, or in octal digits, as `rclone --metadata` does. */
function modeIn(text: string | undefined): number | undefined {
  const decimal = wholeNumber(text);
  const isOctal = text?.startsWith("0") || decimal !== undefined && decimal > 0o177777;
  if (!isOctal) return decimal;
  return /^[0-7]{1,7}$/.test(text ?? "") ? parseInt(text!, 8) : undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}(\.\d+)?$/.test(text)) return undefined;
  const number = Math.floor(Number(text));
  return number <= MOST_32_BITS ? number : undefined;
}

/** What is present in `attrs`, except the size. */
export function attributesOf(attrs: FileAttrs): Attributes {
  const { permissions, uid, gid, atime, mtime } = attrs;
  return {
    ...permissions === undefined ? {} : { mode: permissions & PERMISSION_BITS },
    ...uid === undefined ? {} : { uid },
    ...gid === undefined ? {} : { gid },
    ...atime === undefined ? {} : { atime },
    ...mtime === undefined ? {} : { mtime },
  };
}

/** Metadata with some attributes changed, and everything else of other programs kept. */
export function metadataWith(
  metadata: Metadata | undefined,
  type: number,
  changes: Attributes,
): Metadata {
  const changed = new Map(metadata);
  for (const name of NAMES) {
    const number = changes[name];
    if (number === undefined) continue;
    changed.set(name, String(name === "mode" ? type | number : Math.max(0, Math.floor(number))));
  }
  return changed;
}

/** Metadata for a copy of an object: what it says of times must not depend on the copy's age. */
export function metadataOfCopy(info: ObjectInfo, type: number, changes: Attributes = {}): Metadata {
  const { mtime = Math.floor(info.modified.getTime() / 1000) } = parsed(info.metadata);
  return metadataWith(info.metadata, type, { mtime, ...changes });
}

/** Metadata of an object for new content in its place. */
export function metadataOfEdit({ metadata }: ObjectInfo, isWholeNew: boolean): Metadata {
  const kept = new Map(metadata);
  for (const name of OF_CONTENT) kept.delete(name);
  if (!isWholeNew) return kept;
  return new Map(["mode", "uid", "gid"].flatMap((name) => {
    const value = kept.get(name);
    return value === undefined ? [] : [[name, value] as const];
  }));
}
