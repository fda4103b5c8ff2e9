/**
 * A tree of files: a name stands for a directory, which is a tree again, or for
 * a file, which is its text as UTF-8.
 */
export interface Tree {
  /** A file's text, or the tree of a directory. */
  readonly [name: string]: string | Tree;
}
