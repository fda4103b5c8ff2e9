import { FileType } from "../../../attrs.ts";
import { errorOf } from "../../errno.ts";
import type { VirtualPath } from "../../storage.ts";
import { isNamed } from "../../walk.ts";
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
  if (!isNamed(from)) throw errorOf("EBUSY");
  if (!isNamed(to)) throw errorOf(replace ? "EBUSY" : "EEXIST");
  const [source, target] = [from.entry, to.entry];
  if (source === undefined) throw errorOf("ENOENT");
  if (target !== undefined && !replace) throw errorOf("EEXIST");
  if (source.kind === "directory") {
    if (to.path.startsWith(from.path + "/")) throw errorOf("EINVAL");
  } else if (from.slash || to.slash) {
    throw errorOf("ENOTDIR");
  }
  if (from.path === to.path) return;
  if (target !== undefined) await refuseToReplace(tree, { source, target, from, to });
  refuseUnusable(context.prefix, to.path);
  refuseNew(context.prefix, to.path, source.kind === "directory" ? "directory" : "other");
  if (source.kind === "directory") await moveDirectory(context, tree, from.path, to.path);
  else {await moveObject(context, tree, {
      ...{ source, from: from.path, to: to.path },
      replaces: target !== undefined,
    });}
}

async function refuseToReplace(
  tree: Tree,
  { source, target, from, to }: {
    readonly source: Entry;
    readonly target: Entry;
    readonly from: Place;
    readonly to: Place;
  },
): Promise<void> {
  if (target.kind === "directory") {
    if (from.path.startsWith(to.path + "/")) throw errorOf("ENOTEMPTY");
    if (source.kind !== "directory") throw errorOf("EISDIR");
    if (!await tree.isEmpty(to.path)) throw errorOf("ENOTEMPTY");
  } else if (source.kind === "directory") {
    throw errorOf("ENOTDIR");
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
