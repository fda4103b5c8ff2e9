import type { AccessPolicy } from "./access.ts";
import { NeverReplacingStorage } from "./never_replacing.ts";
import { refuseKinds } from "./requests.ts";

/**
 * No file and no directory goes away. Refuses REMOVE and RMDIR; posix-rename
 * replaces nothing and does what RENAME does.
 *
 * Contents may still be written anew, and cut to nothing, as every upload over
 * an older version does: what keeps contents is `noOverwrite` or `appendOnly`.
 */
export function noDelete(): AccessPolicy {
  return {
    name: "no-delete",
    requests: refuseKinds("no-delete", ["remove", "rmdir"]),
    wrap: (storage) => new NeverReplacingStorage(storage),
  };
}
