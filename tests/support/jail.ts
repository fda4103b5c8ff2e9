/**
 * The program itself, as OpenSSH starts it for a jail.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { withTempDir } from "./files.ts";
import { commandLine } from "./run.ts";

/** The directories of a test. */
export interface JailPlaces {
  /** What the client sees as `/`. */
  readonly jail: string;
  /** The client's own files, outside the jail. */
  readonly local: string;
  /** The directory that contains both; for whatever else a test needs. */
  readonly base: string;
}

/** How to start the program; every option may be absent. */
export interface JailOptions {
  /** Options of `sftpwrap jail`. */
  readonly options?: readonly string[];
  /** Deno's permissions; all of them if absent. */
  readonly permissions?: readonly string[];
}

/** The command that serves `directory`, as words. */
export function jailWords(
  directory: string,
  { options = [], permissions = ["-A"] }: JailOptions = {},
): string[] {
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const deno = [Deno.execPath(), "run", "--no-prompt", ...permissions];
  return [...deno, main, "jail", ...options, directory];
}

/** The same as one line, for `sftp -D` and for `command="…"` in authorized_keys. */
export function jailLine(directory: string, options: JailOptions = {}): string {
  return commandLine(jailWords(directory, options));
}

/** Runs `use` with an empty jail and an empty directory next to it. */
export async function withJail<T>(use: (places: JailPlaces) => Promise<T>): Promise<T> {
  return await withTempDir(async (base) => {
    const places = { base, jail: `${base}/jail`, local: `${base}/local` };
    await Deno.mkdir(places.jail);
    await Deno.mkdir(places.local);
    return await use(places);
  });
}
