/**
 * What a jail may hold: the option of `sftpwrap jail`.
 *
 * @module
 */

import type { QuotaLimit } from "../../quota/books.ts";
import type { OptionSpec } from "./args.ts";
import { UsageError } from "../errors.ts";
import { byteCount } from "./values.ts";

/** The option that limits. */
export const QUOTA_OPTION: OptionSpec = {
  name: "quota",
  value: "BYTES[,FILES]",
  help: "the jail holds no more than that; also 500M, 10G",
  group: "Who may do what",
};

/**
 * Reads a quota.
 *
 * @throws {UsageError} If it cannot be understood.
 */
export function quotaLimit(value: string | undefined): QuotaLimit | undefined {
  if (value === undefined) return undefined;
  const [bytesText = "", filesText, ...more] = value.split(",");
  const bytes = byteCount(bytesText);
  const files = filesText === undefined || !/^\d{1,15}$/.test(filesText) ? NaN : Number(filesText);
  if (bytes === undefined || more.length > 0 || (filesText !== undefined && Number.isNaN(files))) {
    throw new UsageError(`--quota "${value}" is not BYTES or BYTES,FILES (500M, 10G,100000)`);
  }
  return filesText === undefined ? { bytes } : { bytes, files };
}
