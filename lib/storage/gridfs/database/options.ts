import type { BeforePublish } from "../../finished_upload.ts";

/** How to use a bucket; every option may be absent. */
export interface GridFsOptions {
  /** The database; by default the one that the URI names, or `test`. */
  readonly database?: string | undefined;
  /** The bucket: the first part of its collections' names; `fs` by default. */
  readonly bucket?: string | undefined;
  /** The credentials to use instead of those in the URI. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  /** Permission bits that nothing new gets; 022 by default. */
  readonly umask?: number | undefined;
  /** Owner of everything new and of other programs' files, by number; 0 by default. */
  readonly uid?: number | undefined;
  /** Group of everything new and of other programs' files, by number; 0 by default. */
  readonly gid?: number | undefined;
  /** Decides about each upload when it is closed, before anyone sees it. */
  readonly beforePublish?: BeforePublish | undefined;
  /** Receives a line for each thing that no request asked for: the sweep of what a crash left. */
  readonly log?: ((line: string) => void) | undefined;
}

/** How to check a bucket. */
export interface CheckOptions extends GridFsOptions {
  /** Repair what can be repaired; without it, findings are only reported. */
  readonly mend?: boolean | undefined;
}
