import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";

/** The first descriptor behind standard input, output and error. */
const FIRST_INHERITED = 3;

/** No more are looked at one by one. */
const MAX_DESCRIPTORS = 65_536;

type Calls = Pick<Libc, "descriptorLimit" | "setCloseOnExec" | "setCloseOnExecFrom">;

/**
 * Keeps from the programs that this process starts what it has inherited itself: a log, a lock or a
 * socket of whatever has started it. What is opened here is closed in them anyway.
 *
 * Does nothing where no system call can be made, as without the permission for FFI.
 */
export function keepInherited(): void {
  const libc = openLibcIfAllowed();
  if (libc !== undefined) closeOnExec(libc);
}

/** As {@linkcode keepInherited}, by these calls. */
export function closeOnExec(calls: Calls): void {
  if (calls.setCloseOnExecFrom(FIRST_INHERITED) === 0) return;
  const limit = calls.descriptorLimit();
  const end = limit < 0 ? MAX_DESCRIPTORS : Math.min(limit, MAX_DESCRIPTORS);
  for (let fd = FIRST_INHERITED; fd < end; fd++) calls.setCloseOnExec(fd);
}
