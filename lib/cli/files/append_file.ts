import { granted } from "../../permissions.ts";
import { whenWritable } from "../../audit/when_writable.ts";
import { FileType } from "../../attrs.ts";
import { Errno } from "../../linux/errno.ts";
import { check, StatusReader } from "../../storage/local/kernel/status.ts";
import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";
import { AT_FDCWD, Open } from "../../linux/linux.ts";
import { StartError } from "../errors.ts";
import { type FilePlace, OTHERS_MAY_WRITE, ROOT_UID, withPlace } from "./file_place.ts";
import { nulTerminated, openAt } from "../../storage/local/kernel/open_at.ts";

/** Only the account itself may read a file that is made here. */
const OWN_MODE = 0o600;

/** Or its group too, in a directory that was prepared for one: setgid, and the group may write. */
const GROUP_MODE = 0o660;
const FOR_A_GROUP = 0o2020;

// Opening a FIFO without a reader would block.
const TO_APPEND = Open.WRONLY | Open.APPEND | Open.NONBLOCK | Open.NOCTTY | Open.CLOEXEC;

/** A file that is open for as long as the process lives. */
export interface Appender {
  /** Appends, and returns how many bytes were written. */
  writeSync(bytes: Uint8Array): number;
}

/**
 * Opens a file for appending, and makes it if it does not exist. A file that is there keeps its
 * mode. Nothing waits for a FIFO: it must have a reader.
 *
 * If root does so in a directory that another user owns or may write to, that user's links are not
 * followed; see {@linkcode withPlace}.
 */
export function openToAppend(path: string): Appender {
  const libc = granted({ name: "write", path }) ? openLibcIfAllowed() : undefined;
  if (libc === undefined) return openWithoutLibc(path);
  if (!granted({ name: "sys", kind: "uid" }) || Deno.uid() !== ROOT_UID) return open(libc, path);
  return withPlace(
    libc,
    path,
    (place) => place.isOwnWay ? open(libc, path) : openBelow(libc, place),
    { allowBelowOthers: true },
  );
}

function openWithoutLibc(path: string): Appender {
  const isFifo = granted({ name: "read", path }) && statusIfThere(path)?.isFifo === true;
  if (isFifo) throw new StartError("it is a FIFO, which needs the permission --allow-ffi");
  return Deno.openSync(path, { append: true, create: true, mode: OWN_MODE });
}

function statusIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** With two calls: in a sticky directory, O_CREAT may refuse a file of another user that is there. */
function open(libc: Libc, path: string): Appender {
  const name = nulTerminated(path);
  let fd = libc.openat(AT_FDCWD, name, TO_APPEND);
  if (fd === -Errno.ENOENT) {
    Deno.openSync(path, { append: true, create: true, mode: OWN_MODE }).close();
    fd = libc.openat(AT_FDCWD, name, TO_APPEND);
    if (fd >= 0 && isForGroup(libc, path)) libc.fchmod(fd, GROUP_MODE);
  }
  return appenderOf(libc, fd);
}

function isForGroup(libc: Libc, path: string): boolean {
  const directory = nulTerminated(path.replace(/[^/]*$/, "") || ".");
  const fd = libc.openat(AT_FDCWD, directory, Open.PATH | Open.DIRECTORY | Open.CLOEXEC);
  if (fd < 0) return false;
  try {
    return (new StatusReader(libc).ofOpen(fd).permissions & FOR_A_GROUP) === FOR_A_GROUP;
  } finally {
    libc.close(fd);
  }
}

/** Writes to the file that was checked, whatever its name leads to by then. */
function openBelow(libc: Libc, place: FilePlace): Appender {
  const { directory, name, owner, status } = place;
  const mode = OWN_MODE;
  const flags = TO_APPEND | Open.NOFOLLOW;
  const create = Open.CREAT | Open.EXCL;
  let fd: number;
  do {
    fd = openAt(libc, directory, { name, flags });
    if (fd === -Errno.ENOENT) fd = openAt(libc, directory, { name, flags: flags | create, mode });
  } while (fd === -Errno.EEXIST);
  const appender = appenderOf(libc, fd);
  const reader = new StatusReader(libc);
  check(reader.lookAtOpen(fd));
  const isOthers = owner !== undefined || (status.permissions & OTHERS_MAY_WRITE) !== 0;
  if (isOthers && reader.type !== FileType.REGULAR) {
    libc.close(fd);
    throw new StartError("it is not a regular file");
  }
  return appender;
}

function appenderOf(libc: Libc, fd: number): Appender {
  if (fd === -Errno.ENXIO) {
    throw new StartError("it is a FIFO that nothing reads from, or a socket");
  }
  check(fd);
  const retry = whenWritable(libc);
  return {
    writeSync(bytes) {
      let written = -Errno.EINTR;
      while (written === -Errno.EINTR) written = retry(fd, () => libc.write(fd, bytes));
      return check(written);
    },
  };
}
