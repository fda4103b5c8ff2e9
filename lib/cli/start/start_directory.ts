import { isDirectory } from "../../attrs.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import { StorageError } from "../../storage/errors.ts";
import { virtualPath } from "../../storage/path.ts";
import type { Storage, VirtualPath } from "../../storage/storage.ts";

/** Like OpenSSH: if the start directory cannot be entered, the session starts at the root. */
export async function startDirectory(
  storage: Storage,
  wanted: string,
  log: Log,
): Promise<VirtualPath> {
  const keepParents = storage.resolvesParents === true;
  const path = virtualPath(wanted, { start: "/", keepParents });
  if (path === "/") return path;
  try {
    if (isDirectory(await storage.stat(path))) return await storage.realPath(path);
    log.write(LogLevel.ERROR, `start directory "${wanted}" is not a directory`);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.write(LogLevel.ERROR, `start directory "${wanted}": ${error.message}`);
  }
  return "/";
}
