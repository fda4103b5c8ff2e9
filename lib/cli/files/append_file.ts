import { granted } from "../../permissions.ts";
import { FileType } from "../../attrs.ts";
import { Errno } from "../../linux/errno.ts";
import { check, StatusReader } from "../../storage/local/kernel/status.ts";
import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";
import { Open } from "../../linux/linux.ts";
import { StartError } from "../errors.ts";
import { type FilePlace, openAt, OTHERS_MAY_WRITE, ROOT_UID, withPlace } from "./file_place.ts";

/** A file that is open for as long as the process lives. */
export interface Appender {
  /** Appends, and returns how many bytes were written. */
  writeSync(bytes: Uint8Array): number;
}

/**
 * Opens a file for appending, and makes it if it does not exist.
 *
 * If root does so in a directory that another user owns or may write to, that user's links are not
 * followed; see {@linkcode withPlace}.
 */
export function openToAppend(path: string, mode: number): Appender {
  const plainly = () => Deno.openSync(path, { append: true, create: true, mode });
  const libc = libcOfRoot();
  if (libc === undefined) return plainly();
  return withPlace(
    libc,
    path,
    (place) => place.isOwnWay ? plainly() : openBelow(libc, place, mode),
    { allowBelowOthers: true },
  );
}

/** Nothing for any other user, or if FFI is not allowed. */
function libcOfRoot(): Libc | undefined {
  if (!granted({ name: "sys", kind: "uid" }) || Deno.uid() !== ROOT_UID) return undefined;
  return openLibcIfAllowed();
}

/** Writes to the file that was checked, whatever its name leads to by then. */
function openBelow(libc: Libc, place: FilePlace, mode: number): Appender {
  const { directory, name, owner, status } = place;
  // Opening a FIFO without a reader would block.
  const flags = Open.WRONLY | Open.APPEND | Open.NOFOLLOW | Open.NONBLOCK | Open.NOCTTY;
  const create = Open.CREAT | Open.EXCL;
  let fd: number;
  do {
    fd = openAt(libc, directory, { name, flags });
    if (fd === -Errno.ENOENT) fd = openAt(libc, directory, { name, flags: flags | create, mode });
  } while (fd === -Errno.EEXIST);
  check(fd);
  const reader = new StatusReader(libc);
  check(reader.lookAtOpen(fd));
  const isOthers = owner !== undefined || (status.permissions & OTHERS_MAY_WRITE) !== 0;
  if (isOthers && reader.type !== FileType.REGULAR) {
    libc.close(fd);
    throw new StartError("it is not a regular file");
  }
  return {
    writeSync(bytes) {
      let written = -Errno.EINTR;
      while (written === -Errno.EINTR) written = libc.write(fd, bytes);
      return check(written);
    },
  };
}
