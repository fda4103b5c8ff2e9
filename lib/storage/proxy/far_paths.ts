import type { FileAttrs, MaybePromise, VirtualPath } from "../storage.ts";

/** Where a path of the client leads on the far side. */
export interface FarPath {
  /** The path to send to the far side. */
  readonly far: string;
  /** The attributes of the file there, if they are already known and its kind is certain. */
  readonly attrs?: FileAttrs | undefined;
  /** Whether it is a root, above which the client must see nothing. */
  readonly isRoot?: boolean;
}

/** Turns paths of the client into paths of the far side. */
export interface FarPaths {
  /** Whether the client sees one directory of the far side as `/`. */
  readonly confined: boolean;
  /** The path of what `path` leads to. Its last segment may not exist. */
  follow(path: VirtualPath): MaybePromise<FarPath>;
  /** The path of the name itself, which may be a link. */
  entry(path: VirtualPath): MaybePromise<FarPath>;
  /** Like {@linkcode entry}, for a name to make, remove or rename: never the root. */
  change(path: VirtualPath): MaybePromise<FarPath>;
  /** The path without links, as the client sees it. */
  realPath(path: VirtualPath): Promise<VirtualPath>;
  /** A link's text as the client sees it. */
  readText(text: string): string;
  /** A link's text as the far side has it. */
  writeText(text: string): string;
}

/** The whole far side, which resolves every path itself. */
export class WholeFarSide implements FarPaths {
  /** Nothing is hidden from the client. */
  readonly confined = false;
  readonly #realPath: (path: string) => Promise<string>;

  /** @param realPath REALPATH of the far side. */
  constructor(realPath: (path: string) => Promise<string>) {
    this.#realPath = realPath;
  }

  /** The path as it is. */
  follow(path: VirtualPath): FarPath {
    return { far: path };
  }

  /** The path as it is. */
  entry(path: VirtualPath): FarPath {
    return { far: path };
  }

  /** The path as it is. */
  change(path: VirtualPath): FarPath {
    return { far: path };
  }

  /** The answer of the far side. */
  realPath(path: VirtualPath): Promise<VirtualPath> {
    return this.#realPath(path);
  }

  /** The text as it is. */
  readText(text: string): string {
    return text;
  }

  /** The text as it is. */
  writeText(text: string): string {
    return text;
  }
}
