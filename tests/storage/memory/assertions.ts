import { assertEquals, assertThrows } from "@std/assert";
import { StorageError } from "../../../lib/storage/errors.ts";
import type { MemoryFile, MemoryStorage } from "../../../lib/storage/memory/memory.ts";
import type { FileSystemStats } from "../../../lib/storage/storage.ts";

/** How a full storage refuses. */
export const NO_SPACE = "failure: no space left on device";

/** Asserts that `action` throws a StorageError with that code and reason. */
export function refuses(expected: string, action: () => unknown): void {
  const { code, message } = assertThrows(action, StorageError);
  assertEquals(`${code}: ${message}`, expected);
}

/** All of an open file. */
export function readText(file: MemoryFile): string {
  const into = new Uint8Array(file.stat().size ?? 0);
  file.read(into, 0);
  return new TextDecoder().decode(into);
}

/** What statvfs@openssh.com would tell. */
export function figuresOf(storage: MemoryStorage, path: string): FileSystemStats {
  return storage.extensions.statVfs?.(path) as FileSystemStats;
}
