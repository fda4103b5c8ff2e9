import { atomic, type AtomicOptions } from "../../atomic/atomic.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import { StorageError } from "../../storage/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { StartError } from "../errors.ts";

/**
 * The storage, with uploads that are whole. Called before confinement; loaded only by sessions that
 * ask for it.
 *
 * @throws {StartError} If the storage cannot do it.
 */
export function withAtomicUploads(
  storage: Storage,
  { sync, beforePublish }: Pick<AtomicOptions, "sync" | "beforePublish">,
  log: Log,
): Storage {
  try {
    return atomic(storage, { sync, beforePublish, log: (line) => log.write(LogLevel.INFO, line) });
  } catch (error) {
    if (error instanceof StorageError) throw new StartError(error.message);
    throw error;
  }
}
