/**
 * The system's C library, opened once. Calls take numbers and bytes, never
 * pointers, so that they keep working after the permission for FFI has been
 * revoked.
 *
 * @module
 */

import { granted } from "../permissions.ts";
import { systemCalls } from "./libc_calls.ts";
import { type FileCalls, fileCalls } from "./libc_files.ts";
import { type IdentityCalls, identityCalls } from "./libc_identity.ts";
import { NAME_SYMBOLS, type NameCalls, nameCalls } from "./libc_names.ts";
import { type PeekCalls, peekCalls } from "./libc_peek.ts";
import { type ProcessCalls, processCalls } from "./libc_process.ts";
import { type ErrnoCopy, errnoCopy, SYMBOLS } from "./libc_symbols.ts";
import { VECTOR_SYMBOLS, type VectorCalls, vectorCalls } from "./libc_vectors.ts";

export type { Bytes } from "./libc_symbols.ts";
export type { VectorCalls } from "./libc_vectors.ts";

/**
 * Where distributions keep libc, for `--allow-ffi=PATH`. With FFI allowed
 * without a path, the library is opened by its name instead, which gives the
 * one that this process already uses.
 */
export const LIBC_PATHS: readonly string[] = Deno.build.arch === "aarch64"
  ? [
    "/lib/aarch64-linux-gnu/libc.so.6",
    "/usr/lib/aarch64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
    "/lib/libc.so.6",
  ]
  : [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/usr/lib/x86_64-linux-gnu/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib64/libc.so.6",
    "/usr/lib/libc.so.6",
    "/lib/libc.so.6",
  ];

const LIBC_NAME = "libc.so.6";

/** What this program calls in libc. A failed call returns `-errno`; none throws. */
export interface Libc extends FileCalls, IdentityCalls, PeekCalls, ProcessCalls {
  /** Opens the calls that move many bytes: once, before the permission for FFI is revoked. */
  openVectors(): VectorCalls;
  /** Opens the calls for names of users and groups, before the permission for FFI is revoked. */
  openNames(): NameCalls;
  /** Opens functions that few sessions call, before the permission for FFI is revoked. */
  openMore<S extends Deno.ForeignLibraryInterface>(wanted: S): {
    readonly symbols: Deno.DynamicLibrary<S>["symbols"];
    readonly errno: ErrnoCopy;
  };
}

let opened: Libc | undefined;

/**
 * Opens libc for the calling thread. Further calls return the same one.
 *
 * It never prompts for a permission: it opens what it may open.
 *
 * @throws {Deno.errors.NotSupported} On any system but Linux on x86-64 or arm64 with glibc.
 * @throws {Deno.errors.NotCapable} If no path of libc may be opened.
 */
export function openLibc(): Libc {
  opened ??= open();
  return opened;
}

/** Like {@linkcode openLibc}, but returns undefined if libc is missing or may not be called. */
export function openLibcIfAllowed(): Libc | undefined {
  try {
    return openLibc();
  } catch (error) {
    const without = [Deno.errors.NotCapable, Deno.errors.NotSupported];
    if (without.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

function open(): Libc {
  const { os, arch } = Deno.build;
  if (os !== "linux" || (arch !== "x86_64" && arch !== "aarch64")) {
    throw new Deno.errors.NotSupported(`No system calls are known for ${os} on ${arch}`);
  }
  const symbols = openSymbols(allowedPaths(), SYMBOLS);
  const errno = errnoCopy(symbols);
  const calls = systemCalls(symbols, errno);
  let vectors: VectorCalls | undefined;
  return {
    ...fileCalls(calls),
    ...identityCalls(calls),
    ...peekCalls(calls),
    ...processCalls(symbols, calls),
    openVectors() {
      vectors ??= vectorCalls(openSymbols(allowedPaths(), VECTOR_SYMBOLS), errno);
      return vectors;
    },
    openNames: () => nameCalls(openSymbols(allowedPaths(), NAME_SYMBOLS)),
    openMore: (wanted) => ({ symbols: openSymbols(allowedPaths(), wanted), errno }),
  };
}

/** Queries each path only if those before it did not work: a query takes a while at the start. */
function* allowedPaths(): Iterable<string> {
  const names = isAllowed() ? [LIBC_NAME, ...LIBC_PATHS] : LIBC_PATHS;
  let isNone = true;
  for (const name of names) {
    if (name !== LIBC_NAME && !isAllowed(name)) continue;
    isNone = false;
    yield name;
  }
  if (isNone) {
    throw new Deno.errors.NotCapable(`No permission for FFI with any of ${LIBC_PATHS.join(", ")}`);
  }
}

function isAllowed(path?: string): boolean {
  return granted(path === undefined ? { name: "ffi" } : { name: "ffi", path });
}

/**
 * Opens further functions of libc, for what only some processes need.
 *
 * @throws As {@linkcode openLibc}.
 */
export function openFunctions<S extends Deno.ForeignLibraryInterface>(
  wanted: S,
): Deno.DynamicLibrary<S>["symbols"] {
  return openSymbols(allowedPaths(), wanted);
}

function openSymbols<S extends Deno.ForeignLibraryInterface>(
  paths: Iterable<string>,
  wanted: S,
): Deno.DynamicLibrary<S>["symbols"] {
  const causes: unknown[] = [];
  for (const path of paths) {
    try {
      return Deno.dlopen(path, wanted).symbols;
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new Deno.errors.NotSupported("No libc could be opened", {
    cause: new AggregateError(causes),
  });
}
