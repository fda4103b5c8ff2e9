import { type Log, LogLevel } from "../../session/log.ts";
import { StorageError } from "../../storage/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { StartError } from "../errors.ts";
import type { UploadOptions } from "../options/upload_options.ts";

/**
 * The storage, with uploads that are whole if the options ask for them. Called before confinement.
 *
 * @throws {StartError} If the storage cannot do it.
 */
export async function withAtomicUploads(
  storage: Storage,
  { atomic: isWanted, sync }: UploadOptions,
  log: Log,
): Promise<Storage> {
  if (!isWanted) return storage;
  const { atomic } = await import("../../atomic/atomic.ts");
  try {
    return atomic(storage, { sync, log: (line) => log.write(LogLevel.INFO, line) });
  } catch (error) {
    if (error instanceof StorageError) throw new StartError(error.message);
    throw error;
  }
}
