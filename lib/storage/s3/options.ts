import type { BeforePublish } from "../finished_upload.ts";

/** How to use a bucket; every option may be absent. */
export interface S3StorageOptions {
  /** What the keys of all files begin with; a `/` at its end may be left out. */
  readonly prefix?: string | undefined;
  /** Permission bits that nothing new gets; 022 by default. */
  readonly umask?: number | undefined;
  /** Owner of everything new and of other programs' files, by number; 0 by default. */
  readonly uid?: number | undefined;
  /** Group of everything new and of other programs' files, by number; 0 by default. */
  readonly gid?: number | undefined;
  /** Listings show what the server's own listing knows, and no request is made for each file. */
  readonly plainListings?: boolean | undefined;
  /** Decides about each upload before it is published. */
  readonly beforePublish?: BeforePublish | undefined;
  /** Receives a line for each thing that no request asked for: the sweep of what a crash left. */
  readonly log?: ((line: string) => void) | undefined;
}
