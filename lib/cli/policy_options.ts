/**
 * Who may do what: the options that every subcommand with a session takes,
 * beside those that name requests.
 *
 * @module
 */

import type { AccessPolicy } from "../policy/access.ts";
import { appendOnly } from "../policy/append_only.ts";
import { maxFileSize } from "../policy/max_file_size.ts";
import { forcedModes } from "../policy/modes.ts";
import { noDelete } from "../policy/no_delete.ts";
import { noOverwrite } from "../policy/no_overwrite.ts";
import { denyPaths, hidePaths } from "../policy/path_limits.ts";
import { uploadOnly } from "../policy/upload_only.ts";
import type { OptionSpec, ParsedArgs } from "./args.ts";
import { UsageError } from "./errors.ts";

/** What the options of policies ask for, those of requests left out. */
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

/** Limits that limit nothing. */
export const noLimits: Limits = {
  uploadOnly: false,
  appendOnly: false,
  noOverwrite: false,
  noDelete: false,
  denyPaths: [],
  hidePaths: [],
  fileMode: undefined,
  dirMode: undefined,
  ignoreChmod: false,
  maxFileSize: undefined,
};

const SPECS: readonly OptionSpec[] = [
  { name: "read-only", help: "refuse whatever changes anything" },
  { name: "upload-only", help: "a drop box: new files come in, none is shown" },
  { name: "append-only", help: "files can only grow, and nothing is removed" },
  { name: "no-overwrite", help: "the content of files that are there stays as it is" },
  { name: "no-delete", help: "no file and no directory is removed or replaced" },
  { name: "deny", value: "GLOB", repeats: true, help: "refuse these paths; may be repeated" },
  { name: "hide", value: "GLOB", repeats: true, help: "as if they were not there; also repeated" },
  { name: "file-mode", value: "OCTAL", help: "permissions of new files, whatever is asked for" },
  { name: "dir-mode", value: "OCTAL", help: "permissions of new directories" },
  { name: "ignore-chmod", help: "let requests to change permissions do nothing" },
  { name: "max-file-size", value: "BYTES", help: "no file grows beyond; also 10K, 10M, 10G" },
  { name: "deny-requests", value: "LIST", help: "refuse these requests (a,b,c)" },
  { name: "allow-requests", value: "LIST", help: "serve only these requests" },
];

/** The options, with the letters that a subcommand has for some of them. */
export function policySpecs(letters: Readonly<Record<string, string>> = {}): OptionSpec[] {
  return SPECS.map((spec) => {
    const letter = letters[spec.name];
    return { ...spec, ...(letter === undefined ? {} : { letter }), group: "Who may do what" };
  });
}

/** Options of which two make no sense together, and why. */
const CONTRADICTIONS: readonly (readonly [one: string, others: readonly string[]])[] = [
  [
    "read-only",
    ["upload-only", "append-only", "file-mode", "dir-mode", "ignore-chmod", "max-file-size"],
  ],
  ["append-only", ["upload-only", "no-overwrite"]],
];

/**
 * Reads the options.
 *
 * @throws {UsageError} If a value cannot be understood, or two options contradict each other.
 */
export function parseLimits({ values, lists, switches }: ParsedArgs): Limits {
  const isGiven = (name: string) => switches.has(name) || values.has(name);
  for (const [one, others] of CONTRADICTIONS) {
    const other = others.find(isGiven);
    if (isGiven(one) && other !== undefined) {
      throw new UsageError(`--${one} and --${other} contradict each other`);
    }
  }
  const limits: Limits = {
    uploadOnly: switches.has("upload-only"),
    appendOnly: switches.has("append-only"),
    noOverwrite: switches.has("no-overwrite"),
    noDelete: switches.has("no-delete"),
    denyPaths: lists.get("deny") ?? [],
    hidePaths: lists.get("hide") ?? [],
    fileMode: mode("file-mode", values.get("file-mode")),
    dirMode: mode("dir-mode", values.get("dir-mode")),
    ignoreChmod: switches.has("ignore-chmod"),
    maxFileSize: size(values.get("max-file-size")),
  };
  requirePatterns(limits);
  return limits;
}

/** The policies that the options stand for, in the order in which `guarded` takes them. */
export function policiesOf(limits: Limits): readonly AccessPolicy[] {
  const { fileMode: file, dirMode: directory, ignoreChmod } = limits;
  const forced = file !== undefined || directory !== undefined || ignoreChmod;
  return [
    // Innermost, so that what the others refuse does not get here.
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

function requirePatterns(limits: Limits): void {
  try {
    policiesOf(limits);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(error.message);
    throw error;
  }
}

function mode(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[0-7]{1,5}$/.test(value) || parseInt(value, 8) > 0o7777) {
    throw new UsageError(`--${option} "${value}" is not an octal number up to 7777`);
  }
  return parseInt(value, 8);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

function size(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const [, digits, unit] = /^(\d{1,15})([KMG]?)$/i.exec(value) ?? [];
  const bytes = Number(digits) * (UNITS[unit?.toUpperCase() ?? ""] ?? NaN);
  if (!Number.isSafeInteger(bytes)) {
    throw new UsageError(`--max-file-size "${value}" is not a number of bytes (10K, 10M, 10G)`);
  }
  return bytes;
}
