import { after, type MaybePromise, orElse } from "../async/maybe_promise.ts";
import { PERMISSION_BITS } from "../attrs.ts";
import { StorageError } from "../storage/errors.ts";
import type { DraftSupport, FileAttrs, FileHandle } from "../storage/storage.ts";

/** Gives a draft what the file has that it will replace, apart from the content and the times. */
export function likeReplaced(
  draft: FileHandle,
  replaced: FileHandle,
  support: DraftSupport | undefined,
): MaybePromise<void> {
  if (support !== undefined) return support.resemble(draft, replaced);
  return after(replaced.stat(), (wanted) =>
    after(draft.stat(), (now) => {
      const owned = isOfOneOwner(wanted, now) ? undefined : keepOwner(draft, wanted);
      const { permissions } = wanted;
      return after(owned, () => {
        if (permissions === undefined) return;
        return draft.setAttrs({ permissions: permissions & PERMISSION_BITS });
      });
    }));
}

function isOfOneOwner(one: FileAttrs, other: FileAttrs): boolean {
  return one.uid === other.uid && one.gid === other.gid;
}

function keepOwner(draft: FileHandle, { uid, gid }: FileAttrs): MaybePromise<void> {
  if (uid === undefined || gid === undefined) return;
  return orElse(() => draft.setAttrs({ uid, gid }), (failure) => {
    if (!(failure instanceof StorageError)) throw failure;
    throw new StorageError("failure", "its owner or group cannot be kept", { cause: failure });
  });
}
