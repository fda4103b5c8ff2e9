import type { VirtualPath } from "../storage.ts";
import type { GridFsFile } from "./gridfs_file.ts";
import { movedPath } from "./tree/rename.ts";

/** New files that only this session sees until they are closed. */
export class NewFiles {
  readonly #files = new Set<GridFsFile>();

  /** Adds a file that was opened. */
  add(file: GridFsFile): void {
    this.#files.add(file);
  }

  /** Removes a file that was closed: now every session sees it, or none. */
  delete(file: GridFsFile): void {
    this.#files.delete(file);
  }

  /** The new file that will have this path. */
  at(path: VirtualPath): GridFsFile | undefined {
    for (const file of this.#files) if (file.path === path && !file.isRemoved) return file;
    return undefined;
  }

  /** Moves the new files at `from` or below it along. */
  move(from: VirtualPath, to: VirtualPath): void {
    for (const file of this.#files) file.path = movedPath(file.path, from, to) ?? file.path;
  }
}
