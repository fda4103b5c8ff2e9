import type { AccessPolicy } from "../../policy/access.ts";
import { appendOnly } from "../../policy/append_only.ts";
import { maxFileSize } from "../../policy/max_file_size.ts";
import { forcedModes } from "../../policy/modes.ts";
import { noDelete } from "../../policy/no_delete.ts";
import { noOverwrite } from "../../policy/no_overwrite.ts";
import { denyPaths, hidePaths } from "../../policy/path_limits.ts";
import { uploadOnly } from "../../policy/upload_only.ts";

/** What the options of policies ask for, except those that name requests. */
export interface Limits {
  readonly uploadOnly: boolean;
  readonly appendOnly: boolean;
  readonly noOverwrite: boolean;
  readonly noDelete: boolean;
  /** Patterns of paths. */
  readonly denyPaths: readonly string[];
  /** Patterns of paths. */
  readonly hidePaths: readonly string[];
  readonly fileMode: number | undefined;
  readonly dirMode: number | undefined;
  readonly ignoreChmod: boolean;
  /** Bytes. */
  readonly maxFileSize: number | undefined;
}

/** The policies for these limits, in the order in which `serve` takes them. */
export function policiesFor(limits: Limits): readonly AccessPolicy[] {
  const { fileMode: file, dirMode: directory, ignoreChmod } = limits;
  const forced = file !== undefined || directory !== undefined || ignoreChmod;
  return [
    // Innermost, so that requests that the others refuse do not reach it.
    ...forced ? [forcedModes({ file, directory, ignoreChmod })] : [],
    ...limits.maxFileSize === undefined ? [] : [maxFileSize(limits.maxFileSize)],
    ...limits.noDelete ? [noDelete()] : [],
    ...limits.noOverwrite ? [noOverwrite()] : [],
    ...limits.appendOnly ? [appendOnly()] : [],
    ...limits.uploadOnly ? [uploadOnly()] : [],
    ...limits.denyPaths.length === 0 ? [] : [denyPaths(limits.denyPaths)],
    ...limits.hidePaths.length === 0 ? [] : [hidePaths(limits.hidePaths)],
  ];
}
