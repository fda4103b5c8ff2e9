import type { VirtualPath } from "../storage.ts";
import type { GridFsFile } from "./gridfs_file.ts";
import { movedPath } from "./tree/rename.ts";

/** New files that only this session knows, until they are closed. */
export class NewFiles {
  readonly #files = new Set<GridFsFile>();

  /** Counts one that was opened. */
  add(file: GridFsFile): void {
    this.#files.add(file);
  }

  /** It is closed, and seen by everybody or by nobody. */
  delete(file: GridFsFile): void {
    this.#files.delete(file);
  }

  /** The one that is to have this path. */
  at(path: VirtualPath): GridFsFile | undefined {
    for (const file of this.#files) if (file.path === path && !file.isRemoved) return file;
    return undefined;
  }

  /** Those at `from` or below it move along. */
  move(from: VirtualPath, to: VirtualPath): void {
    for (const file of this.#files) file.path = movedPath(file.path, from, to) ?? file.path;
  }
}
