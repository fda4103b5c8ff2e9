import { errorOf } from "../../errno.ts";
import { isNamed } from "../../walk.ts";
import type { S3Context } from "../context.ts";
import { keepParent } from "./directories.ts";
import { markerOf } from "./keys.ts";
import type { Place, Tree } from "./tree.ts";

/** Removes an empty directory. */
export async function removeDirectory(
  context: S3Context,
  tree: Tree,
  { path, name, entry }: Place,
): Promise<void> {
  if (name === ".") throw errorOf("EINVAL");
  if (name === "..") throw errorOf("ENOTEMPTY");
  if (path === "/") throw errorOf("EBUSY");
  if (entry === undefined) throw errorOf("ENOENT");
  if (entry.kind !== "directory") throw errorOf("ENOTDIR");
  if (!await tree.isEmpty(path)) throw errorOf("ENOTEMPTY");
  await keepParent(context, tree, path);
  await context.client.remove(markerOf(context.prefix, path), { signal: context.ending });
}

/** Removes a file or a link, and returns its key. */
export async function removeEntry(
  context: S3Context,
  tree: Tree,
  found: Place,
): Promise<void> {
  const { entry, path, slash } = found;
  if (!isNamed(found)) throw errorOf("EISDIR");
  if (entry === undefined) throw errorOf("ENOENT");
  if (entry.kind === "directory") throw errorOf("EISDIR");
  if (slash) throw errorOf("ENOTDIR");
  await keepParent(context, tree, path);
  await context.client.remove(entry.info.key, { signal: context.ending });
}
