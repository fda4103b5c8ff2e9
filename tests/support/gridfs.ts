/**
 * The program itself, as OpenSSH starts it for a bucket of GridFS.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { Mongo } from "./mongodb.ts";

/** How to start the program; every option may be absent. */
export interface GridFsLineOptions {
  /** Options of `sftpwrap gridfs`. */
  readonly options?: readonly string[];
  /** Deno's permissions; all of them if absent. */
  readonly permissions?: readonly string[];
}

/** The command that serves the bucket `fs`, as words. */
export function gridFsWords(
  { uri, database }: Mongo,
  { options = [], permissions = ["-A"] }: GridFsLineOptions = {},
): string[] {
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const deno = [Deno.execPath(), "run", "--no-prompt", "--no-check", "--quiet", ...permissions];
  return [...deno, main, "gridfs", "--database", database, ...options, uri];
}
