import type { OptionSpec, ParsedArgs } from "./args.ts";

/** How uploads are taken. */
export interface UploadOptions {
  /** A file gets its name when it is complete. */
  readonly atomic: boolean;
  /** It is on the disk when it is reported as done. */
  readonly sync: boolean;
}

const SPECS: readonly OptionSpec[] = [
  { name: "atomic-uploads", help: "files appear when they are complete, in one step" },
  { name: "sync-uploads", help: "atomic, and on the disk when CLOSE is answered" },
];

/** The options. */
export const uploadSpecs: readonly OptionSpec[] = SPECS.map(
  (spec) => ({ ...spec, group: "Uploads" }),
);

/** Reads the options. */
export function parseUploads({ switches }: ParsedArgs): UploadOptions {
  const sync = switches.has("sync-uploads");
  return { atomic: sync || switches.has("atomic-uploads"), sync };
}
