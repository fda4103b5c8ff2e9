import { FileType } from "../../../attrs.ts";
import { errorOf } from "../../errno.ts";
import { parentOf } from "../../path.ts";
import type { VirtualPath } from "../../storage.ts";
import { isPreconditionFailed } from "../client/s3_errors.ts";
import type { S3Context } from "../context.ts";
import { type Attributes, metadataWith } from "./attributes.ts";
import { markerOf } from "./keys.ts";
import type { Tree } from "./tree.ts";

/** The type of content by which s3fs and others know a marker. */
const CONTENT_TYPE = "application/x-directory";

const NOTHING = new Uint8Array(0);

/** Writes the marker of a directory that has none: an empty object whose key ends in `/`. */
export async function putMarker(
  { client, conditions, prefix, ending: signal }: S3Context,
  directory: VirtualPath,
  attributes: Attributes,
): Promise<void> {
  const options = {
    metadata: metadataWith(undefined, FileType.DIRECTORY, attributes),
    headers: { contentType: CONTENT_TYPE },
    signal,
  };
  try {
    await conditions.send(
      { ifNoneMatch: "*" },
      (condition) => client.put(markerOf(prefix, directory), NOTHING, { ...options, ...condition }),
    );
  } catch (error) {
    throw isPreconditionFailed(error) ? errorOf("EEXIST") : error;
  }
}

/** Gives the directory that holds an entry a marker, if without the entry it would be gone. */
export async function keepParent(
  context: S3Context,
  tree: Tree,
  path: VirtualPath,
): Promise<void> {
  const directory = parentOf(path);
  if (!await tree.dependsOn(directory, path)) return;
  try {
    await putMarker(context, directory, { mtime: Math.floor(Date.now() / 1000) });
  } catch (error) {
    // Another session was first.
    if ((await tree.entry(directory))?.kind !== "directory") throw error;
  }
}
