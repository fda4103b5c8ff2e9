/**
 * What the files of a jail can do to be replaced in one step: locks that die with their session,
 * and everything of a file that truncating it would keep.
 *
 * @module
 */

import { PERMISSION_BITS } from "../../attrs.ts";
import { Errno } from "../../linux/errno.ts";
import type { Libc } from "../../linux/libc.ts";
import { openXattrs } from "../../linux/libc_xattrs.ts";
import { Lock } from "../../linux/linux.ts";
import { errorOfNumber } from "../errno.ts";
import { StorageError } from "../errors.ts";
import type { DraftSupport } from "../storage.ts";
import type { JailFile } from "./jail.ts";
import type { NodeStatus, Root, RootFile } from "./root.ts";
import { Xattrs } from "./xattrs.ts";

/**
 * The support for drafts in a jail. It is made before the permission for FFI is given up.
 *
 * @param libc If it may be called; without it there are no locks, and only owner and mode are kept.
 */
export function jailDrafts(root: Root, libc: Libc | undefined): DraftSupport<JailFile> {
  const xattrs = libc === undefined ? undefined : new Xattrs(openXattrs(libc));
  return {
    lock({ file }) {
      const fd = file.descriptor;
      if (libc === undefined || fd === undefined) return undefined;
      const result = libc.flock(fd, Lock.EX | Lock.NB);
      if (result === -Errno.EAGAIN) return false;
      // Whatever else it is: nothing can be locked here.
      return result < 0 ? undefined : file.stat().links > 0;
    },
    resemble(draft, replaced) {
      const wanted = replaced.file.stat();
      keepOwner(draft.file, wanted);
      keepXattrs(draft.file, replaced.file, xattrs);
      // Last: a change of the owner or of an ACL changes the mode.
      draft.file.chmod(wanted.permissions & PERMISSION_BITS);
    },
    flush({ file }) {
      const fd = file.descriptor;
      if (libc === undefined || fd === undefined) return file.sync();
      const second = libc.duplicate(fd);
      const result = second < 0 ? second : libc.close(second);
      if (result < 0 && result !== -Errno.EINTR) throw errorOfNumber(-result);
    },
    syncDirectory: (path) => root.syncDirectory?.(path),
  };
}

function keepOwner(draft: RootFile, { uid, gid }: NodeStatus): void {
  const now = draft.stat();
  if (now.uid === uid && now.gid === gid) return;
  kept("owner or group", () => draft.chown(uid, gid));
}

function keepXattrs(draft: RootFile, replaced: RootFile, xattrs: Xattrs | undefined): void {
  const from = replaced.descriptor;
  const to = draft.descriptor;
  if (xattrs === undefined || from === undefined || to === undefined) return;
  kept("ACL or extended attributes", () => xattrs.copy(from, to));
}

function kept(what: string, change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new StorageError("failure", `its ${what} cannot be kept`, { cause: error });
  }
}
