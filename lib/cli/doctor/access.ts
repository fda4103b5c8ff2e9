import { openLibcIfAllowed } from "../../linux/libc.ts";
import { AT_FDCWD } from "../../linux/linux.ts";
import { nulTerminated } from "../../storage/local/kernel/open_at.ts";
import { pathAndParents } from "../jail/containment.ts";

/** What access(2) can be asked for. */
export const Access = { READ: 4, WRITE: 2, ENTER: 1 } as const;

/** Whether this process may do that with a file: undefined if it cannot be told, without FFI. */
export function mayAccess(path: string, access: number): boolean | undefined {
  const result = openLibcIfAllowed()?.faccessat(AT_FDCWD, nulTerminated(path), access);
  return result === undefined ? undefined : result === 0;
}

/** The first directory on the way to an absolute path that may not be entered. */
export function firstClosed(path: string): string | undefined {
  return pathAndParents(path).find((folder) => mayAccess(folder, Access.ENTER) === false);
}
