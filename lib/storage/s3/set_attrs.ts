import { type FileAttrs, FileType } from "../../attrs.ts";
import { errorOf } from "../errno.ts";
import type { VirtualPath } from "../storage.ts";
import { TO_WRITE } from "../to_write.ts";
import type { ObjectInfo } from "./client/s3_client.ts";
import { copyObject } from "./objects/copy.ts";
import { type FileHost, S3File } from "./s3_file.ts";
import { type Attributes, attributesOf, type Entry, metadataOfCopy } from "./tree/attributes.ts";
import { putMarker } from "./tree/directories.ts";

/** Changes what is present in `attrs` of the entry that was found at a path. */
export async function setAttrsOf(
  host: FileHost,
  { path, entry }: { readonly path: VirtualPath; readonly entry: Entry },
  attrs: FileAttrs,
): Promise<void> {
  const { size } = attrs;
  const changes = attributesOf(attrs);
  const hasChanges = Object.keys(changes).length > 0;
  if (entry.kind === "file") {
    // A new size is a new object, which gets the attributes at once.
    if (size !== undefined) await resize(host, { path, info: entry.info, attrs });
    else if (hasChanges) await setMetadata(host, entry.info, FileType.REGULAR, changes);
    return;
  }
  if (hasChanges && entry.kind === "link") {
    await setMetadata(host, entry.info, FileType.SYMLINK, changes);
  } else if (hasChanges && entry.kind === "directory") {
    if (entry.marker !== undefined) {
      await setMetadata(host, entry.marker, FileType.DIRECTORY, changes);
    } else if (path !== "/" || host.prefix !== "") {
      await putMarker(host, path, changes);
    }
  }
  if (size !== undefined) throw errorOf("EISDIR");
}

/** Changes the metadata of an object: it is copied onto itself, and fails if it has changed. */
export async function setMetadata(
  host: FileHost,
  info: ObjectInfo,
  type: number,
  changes: Attributes,
): Promise<void> {
  const { key } = info;
  const written = await copyObject(host, info, key, metadataOfCopy(info, type, changes));
  host.moved(key, key, written);
}

async function resize(
  host: FileHost,
  { path, info, attrs }: {
    readonly path: VirtualPath;
    readonly info: ObjectInfo;
    readonly attrs: FileAttrs;
  },
): Promise<void> {
  const file = new S3File(host, TO_WRITE, { path, info, attributes: {} });
  try {
    await file.setAttrs(attrs);
  } catch (error) {
    await file.close(true);
    throw error;
  }
  await file.close(false);
}
