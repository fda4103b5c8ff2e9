import { FileType } from "../../../attrs.ts";
import type { VirtualPath } from "../../storage.ts";
import { requireNames, requireRenamable } from "../../remote/rename_rules.ts";
import type { ObjectInfo } from "../client/s3_client.ts";
import { isPreconditionFailed } from "../client/s3_errors.ts";
import type { S3Context } from "../context.ts";
import { copyObject } from "../objects/copy.ts";
import { type Entry, metadataOfCopy } from "./attributes.ts";
import { keepParent } from "./directories.ts";
import { keyOf, refuseNew, refuseUnusable } from "./keys.ts";
import { moveDirectory } from "./rename_directory.ts";
import type { Place, Tree } from "./tree.ts";

/**
 * rename(2), or renameat2(2) with `RENAME_NOREPLACE` if `replace` is not set: what may replace
 * what, checked in Linux's order.
 */
export async function rename(
  context: S3Context,
  tree: Tree,
  { from, to, replace }: {
    readonly from: Place;
    readonly to: Place;
    readonly replace: boolean;
  },
): Promise<void> {
  const asked = { from, to, replace };
  requireNames(asked);
  const { entry: target } = to;
  const isEmpty = (path: VirtualPath) => tree.isEmpty(path);
  const source = await requireRenamable(asked, { source: from.entry, target }, isEmpty);
  if (source === undefined) return;
  refuseUnusable(context.prefix, to.path);
  refuseNew(context.prefix, to.path, source.kind === "directory" ? "directory" : "other");
  if (source.kind === "directory") await moveDirectory(context, tree, from.path, to.path);
  else {
    const paths = { from: from.path, to: to.path };
    await moveObject(context, tree, { source, ...paths, replaces: target !== undefined });
  }
}

/** Copies a file or a link to its new key, and then removes the old one, unless it has changed. */
async function moveObject(
  context: S3Context,
  tree: Tree,
  { source, from, to, replaces }: {
    readonly source: Extract<Entry, { readonly info: ObjectInfo }>;
    readonly from: VirtualPath;
    readonly to: VirtualPath;
    readonly replaces: boolean;
  },
): Promise<void> {
  const { client, conditions, ending: signal, prefix } = context;
  const { info, kind } = source;
  const key = keyOf(prefix, to);
  const type = kind === "link" ? FileType.SYMLINK : FileType.REGULAR;
  await keepParent(context, tree, from);
  const written = await copyObject(context, info, key, metadataOfCopy(info, type));
  try {
    await conditions.send(
      { ifMatch: info.etag },
      ({ ifMatch }) => client.remove(info.key, { signal, ifMatch }),
    );
  } catch (error) {
    // What another session has written at the old name meanwhile is a file of its own.
    if (!isPreconditionFailed(error)) {
      // What was reported as failed must not be there.
      if (!replaces) await client.remove(key).catch(() => {});
      throw error;
    }
  }
  context.moved(info.key, key, written);
}
