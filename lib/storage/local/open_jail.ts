import { StorageError } from "../errors.ts";
import { readAccounts } from "./accounts.ts";
import { jailDrafts } from "./drafts.ts";
import { JailStorage } from "./jail.ts";
import { type Libc, openLibc, openLibcIfAllowed } from "../../linux/libc.ts";
import { isLimitedTo, portableRights } from "./portable/rights.ts";
import type { Root } from "./root.ts";
import { openKernelRoot } from "./kernel/root.ts";
import { PortableRoot } from "./portable/root.ts";

/** How {@linkcode openJail} keeps a client in. */
export interface OpenJailOptions {
  /**
   * `kernel`: by openat2(2), through FFI, on Linux alone, and no second process
   * can race it. `portable`: step by step through Deno's file API, on every
   * system and without FFI. `auto`, which is the default: by the kernel where
   * that works, else as `portable` if Deno's permissions limit the process to
   * the directory, else not at all.
   */
  readonly confine?: "auto" | "kernel" | "portable" | undefined;
}

/**
 * Opens a directory of this machine as a storage: the client sees it as `/`,
 * finds its links working as in a chroot, and reaches nothing else. Names of
 * owners are shown if /etc/passwd and /etc/group may be read.
 *
 * This is one of the three rings of `sftpwrap jail`. The other two, Deno's
 * permissions and Landlock, apply to a whole process, so the caller that starts
 * it sets them up: give it `--allow-read=DIR --allow-write=DIR`, and with the kernel's way
 * `--allow-ffi` for libc.
 *
 * @param directory The directory, by any path.
 * @param options How it is kept.
 * @returns The storage, which answers immediately, except for a file that another process has
 *     a lease on.
 *     Its `close` gives the directory back.
 * @throws {StorageError} If it is not a directory.
 * @throws {StorageError} `unsupported`, if `auto` finds no way to keep a client in.
 * @throws {Error} If `kernel` is asked for and the kernel, the system or Deno's permissions refuse.
 *
 * @example
 * ```ts
 * import { openJail, serve } from "@sftpwrap/sftpwrap";
 *
 * Deno.exit(await serve(await openJail("/srv/sftp/alice")));
 * ```
 */
export async function openJail(
  directory: string,
  { confine = "auto" }: OpenJailOptions = {},
): Promise<JailStorage> {
  const path = await realDirectory(directory);
  const root = openRoot(path, confine);
  const allowed = openLibcIfAllowed();
  return new JailStorage(root, readAccounts(allowed), () => jailDrafts(root, allowed));
}

/** Opened once, and never released. */
let libc: Libc | undefined;

function openRoot(path: string, confine: OpenJailOptions["confine"]): Root {
  try {
    libc ??= openLibc();
    if (confine !== "portable") return openKernelRoot(path, libc);
  } catch (error) {
    if (confine === "kernel" || !isMissing(error)) throw error;
    if (confine === "auto" && !isLimitedTo(path)) {
      const reason = "neither the kernel nor Deno's permissions keep this jail";
      throw new StorageError("unsupported", reason, { cause: error });
    }
  }
  return new PortableRoot(path, portableRights(), libc);
}

/** Whether the kernel's way itself failed: it is missing or not allowed. */
function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotSupported || error instanceof Deno.errors.NotCapable ||
    (error instanceof StorageError && error.code === "unsupported");
}

async function realDirectory(directory: string): Promise<string> {
  try {
    const path = await Deno.realPath(directory);
    if ((await Deno.stat(path)).isDirectory) return path;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new StorageError("not-found", "no such file", { cause: error });
  }
  throw new StorageError("not-found", "not a directory");
}
