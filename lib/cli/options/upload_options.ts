import type { OptionSpec, ParsedArgs } from "./args.ts";
import type { HookOptions } from "./hook_options.ts";

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

/** Reads the options. A command that decides about uploads needs atomic ones. */
export function parseUploads(
  { switches }: ParsedArgs,
  hooks: HookOptions | undefined,
): UploadOptions {
  const sync = switches.has("sync-uploads");
  const isDecided = hooks?.commands.some(({ event }) => event === "upload") ?? false;
  return { atomic: sync || isDecided || switches.has("atomic-uploads"), sync };
}
