/**
 * A tree of files: each name maps to a directory, which is again a tree, or to a file, given as its
 * UTF-8 text.
 */
export interface Tree {
  /** A file's text, or the tree of a directory. */
  readonly [name: string]: string | Tree;
}
