import { errorOfNumber } from "../../storage/errno.ts";
import { type Libc, openLibc } from "../../linux/libc.ts";
import { AT_FDCWD, Open } from "../../linux/linux.ts";
import { Quarantine } from "../../hooks/quarantine.ts";
import { StartError } from "../errors.ts";
import { openAt } from "../../storage/local/kernel/open_at.ts";
import { containmentOf } from "../jail/containment.ts";

/**
 * Opens the quarantine, while its path can still be opened.
 *
 * @param jail The jail, by its real path.
 * @throws {StartError} If it is not a directory, may not be written to, or a client can reach it.
 */
export function openQuarantine(path: string, jail: string | undefined): Quarantine {
  const libc = openLibc();
  try {
    return new Quarantine(libc, opened(libc, path, jail));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new StartError(`the quarantine ${path} cannot be used: ${error.message}`);
  }
}

function opened(libc: Libc, path: string, jail: string | undefined): number {
  if (!path.startsWith("/")) throw new StartError("it is not an absolute path");
  if (jail !== undefined && containmentOf(jail).holds(path)) {
    throw new StartError("it is in the jail, where clients reach it");
  }
  const fd = openAt(libc, AT_FDCWD, { name: path, flags: Open.PATH | Open.DIRECTORY });
  if (fd < 0) throw errorOfNumber(-fd);
  const mayWrite = libc.faccessat(AT_FDCWD, new TextEncoder().encode(`${path}\0`), MAY_ADD);
  if (mayWrite < 0) throw errorOfNumber(-mayWrite);
  return fd;
}

/** To write in a directory, and to enter it. */
const MAY_ADD = 3;
