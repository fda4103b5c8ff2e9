/**
 * Who may do what: options of every subcommand that serves a session, apart from those that name
 * requests.
 *
 * @module
 */

import { Globs } from "../../policy/glob.ts";
import { requestNames } from "../../session/request_names.ts";
import type { OptionSpec, ParsedArgs } from "./args.ts";
import { UsageError } from "../errors.ts";
import type { Limits } from "./policies.ts";
import { byteCount, mode } from "./values.ts";

const SPECS: readonly OptionSpec[] = [
  { name: "read-only", help: "refuse every request that changes anything" },
  { name: "upload-only", help: "a drop box: clients upload files and see none" },
  { name: "append-only", help: "files can only grow, and nothing is removed" },
  { name: "no-overwrite", help: "the content of existing files does not change" },
  { name: "no-delete", help: "no file and no directory is removed or replaced" },
  { name: "deny", value: "GLOB", repeats: true, help: "refuse these paths; may be repeated" },
  { name: "hide", value: "GLOB", repeats: true, help: "hide these paths; may be repeated" },
  { name: "file-mode", value: "OCTAL", help: "permissions of new files, whatever clients ask for" },
  { name: "dir-mode", value: "OCTAL", help: "permissions of new directories" },
  { name: "ignore-chmod", help: "requests to change permissions do nothing" },
  { name: "max-file-size", value: "BYTES", help: "no file grows larger; also 10K, 10M, 10G" },
  {
    name: "deny-requests",
    value: "LIST",
    choices: requestNames,
    help: "refuse these requests (a,b,c)",
  },
  {
    name: "allow-requests",
    value: "LIST",
    choices: requestNames,
    help: "serve only these requests",
  },
];

/** The options. */
export const policySpecs: readonly OptionSpec[] = SPECS.map(
  (spec) => ({ ...spec, group: "Who may do what" }),
);

/** Pairs of options that contradict each other. */
const CONTRADICTIONS: readonly (readonly [one: string, others: readonly string[]])[] = [
  [
    "read-only",
    [
      ...["upload-only", "append-only", "file-mode", "dir-mode", "ignore-chmod", "max-file-size"],
      ...["atomic-uploads", "sync-uploads"],
    ],
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
  return {
    uploadOnly: switches.has("upload-only"),
    appendOnly: switches.has("append-only"),
    noOverwrite: switches.has("no-overwrite"),
    noDelete: switches.has("no-delete"),
    denyPaths: patterns(lists.get("deny")),
    hidePaths: patterns(lists.get("hide")),
    fileMode: mode("file-mode", values.get("file-mode")),
    dirMode: mode("dir-mode", values.get("dir-mode")),
    ignoreChmod: switches.has("ignore-chmod"),
    maxFileSize: size(values.get("max-file-size")),
  };
}

function patterns(given: readonly string[] = []): readonly string[] {
  try {
    new Globs(given);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(error.message);
    throw error;
  }
  return given;
}

function size(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const bytes = byteCount(value);
  if (bytes !== undefined) return bytes;
  throw new UsageError(`--max-file-size "${value}" is not a number of bytes (10K, 10M, 10G)`);
}
