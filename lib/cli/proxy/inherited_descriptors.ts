import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";

/** The first descriptor after standard input, output and error. */
const FIRST_INHERITED = 3;

/** The most descriptors to set one by one. */
const MAX_DESCRIPTORS = 65_536;

type Calls = Pick<Libc, "descriptorLimit" | "setCloseOnExec" | "setCloseOnExecFrom">;

/**
 * Sets close-on-exec on every descriptor that this process has inherited, such as a log, a lock or
 * a socket of its parent, so that the programs it starts do not get them. What is opened here has
 * it already.
 *
 * Does nothing if no system call can be made, as without the permission for FFI.
 */
export function closeInheritedOnExec(): void {
  const libc = openLibcIfAllowed();
  if (libc !== undefined) closeOnExec(libc);
}

/** Does the work of {@linkcode closeInheritedOnExec} by these calls. */
export function closeOnExec(calls: Calls): void {
  if (calls.setCloseOnExecFrom(FIRST_INHERITED) === 0) return;
  const limit = calls.descriptorLimit();
  const end = limit < 0 ? MAX_DESCRIPTORS : Math.min(limit, MAX_DESCRIPTORS);
  for (let fd = FIRST_INHERITED; fd < end; fd++) calls.setCloseOnExec(fd);
}
