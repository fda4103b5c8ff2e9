/** How to use a bucket; all of it may be absent. */
export interface GridFsOptions {
  /** The database; where absent the one that the URI names, or `test`. */
  readonly database?: string | undefined;
  /** The bucket: the first part of its collections' names; `fs` unless told. */
  readonly bucket?: string | undefined;
  /** Who to be, instead of the one in the URI. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
  /** Permission bits that nothing new gets; 022 unless told. */
  readonly umask?: number | undefined;
  /** Owner of everything new and of foreign files, by number; 0 unless told. */
  readonly uid?: number | undefined;
  /** Group of everything new and of foreign files, by number; 0 unless told. */
  readonly gid?: number | undefined;
  /** Hears a line where something was done that nobody asked for: what a crash left was swept. */
  readonly log?: ((line: string) => void) | undefined;
}

/** How to look a bucket over. */
export interface CheckOptions extends GridFsOptions {
  /** Mend what can be mended; else it is only told. */
  readonly mend?: boolean | undefined;
}
