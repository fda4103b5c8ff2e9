/**
 * Deno's own file API and node:fs, with the system's errors as storage errors.
 *
 * @module
 */

import { boundedSecond } from "../../../attrs.ts";
import { StorageError } from "../../errors.ts";
import { errnoNameOf, errorOfName, errorOfNumber } from "../../errno.ts";
import type { NodeStatus } from "../root.ts";

/** Calls `operation` and turns the system's errors into `StorageError`s. */
export function attempt<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw storageError(error);
  }
}

/** Like {@linkcode attempt}; returns undefined if there is no such file. */
export function attemptExisting<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw storageError(error);
  }
}

/** The name of a system error (`ENOENT`), or undefined. */
export function errnoName(error: unknown): string | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? errnoNameOf(code) : undefined;
}

/** What Deno knows about a file. */
export function statusOf(info: Deno.FileInfo): NodeStatus {
  return {
    size: info.size,
    uid: info.uid ?? 0,
    gid: info.gid ?? 0,
    permissions: info.mode ?? 0,
    atime: wholeSeconds(info.atime),
    mtime: wholeSeconds(info.mtime),
    links: info.nlink ?? 1,
  };
}

function wholeSeconds(date: Date | null): number {
  return date === null ? 0 : boundedSecond(Math.floor(date.getTime() / 1000));
}

function storageError(error: unknown): unknown {
  if (error instanceof StorageError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return new StorageError("denied", "the server runs without the permission for this", {
      cause: error,
    });
  }
  const name = errnoName(error);
  if (name !== undefined) return errorOfName(name, error);
  const number = errnoNumber(error);
  return number === undefined ? error : errorOfUnnamed(number, error);
}

/** Deno has names for some errors, and puts the number of each into its message. */
function errnoNumber(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  // Only before the path, which may contain anything.
  const [, number] = /^[^'"]*\(os error (\d+)\)/.exec(error.message) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** Other systems than Linux have other numbers. */
function errorOfUnnamed(number: number, cause: unknown): StorageError {
  return Deno.build.os === "linux"
    ? errorOfNumber(number)
    : new StorageError("failure", `system error ${number}`, { cause });
}
