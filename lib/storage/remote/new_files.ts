import type { VirtualPath } from "../storage.ts";
import { movedPath } from "./names.ts";

/** A file that becomes visible to other sessions when it is closed. */
export interface NewFile {
  /** Where it will be. */
  path: VirtualPath;
  /** Set if it was removed before any other session saw it. */
  isRemoved: boolean;
}

/** New files that only this session sees until they are closed. */
export class NewFiles<F extends NewFile> {
  readonly #files = new Set<F>();

  /** Adds a file that was opened. */
  add(file: F): void {
    this.#files.add(file);
  }

  /** Removes a file that was closed: now every session sees it, or none. */
  delete(file: F): void {
    this.#files.delete(file);
  }

  /** The new file that will have this path. */
  at(path: VirtualPath): F | undefined {
    for (const file of this.#files) if (file.path === path && !file.isRemoved) return file;
    return undefined;
  }

  /** Moves the new files at `from` or below it along. */
  move(from: VirtualPath, to: VirtualPath): void {
    for (const file of this.#files) file.path = movedPath(file.path, from, to) ?? file.path;
  }
}
