import type { MaybePromise } from "../../async/maybe_promise.ts";
import { errorOf } from "../errno.ts";
import type { VirtualPath } from "../storage.ts";
import { LinkWalk, type LinkWalkOptions } from "../walk.ts";

/** What is at a path, as far as paths are concerned. */
export interface Kinded {
  readonly kind: "file" | "directory" | "link";
}

/** Where a path leads: what is there, or would be, under a path without links. */
export interface Place<E extends Kinded = Kinded> {
  readonly path: VirtualPath;
  /** The last name, as it was sent; empty for the root, `.` or `..` if the path ends so. */
  readonly name: string;
  readonly entry: E | undefined;
  /** The path ends in `/`: it asks for a directory. */
  readonly slash: boolean;
}

/** How a storage answers a walk. */
export interface Looks<E extends Kinded> {
  /** What has the names of `run`, each in the one before, starting in the directory `at`. */
  look(at: VirtualPath, run: readonly string[]): Promise<readonly (E | undefined)[]>;
  /** The text of a link. */
  targetOf(link: Extract<E, { readonly kind: "link" }>): MaybePromise<string>;
  /** The root. */
  root(): Promise<E | undefined>;
}

/** Walks to the place of `path`, through links, as Linux does. */
export async function walkTo<E extends Kinded>(
  path: VirtualPath,
  options: LinkWalkOptions,
  looks: Looks<E>,
): Promise<Place<E>> {
  const walk = new LinkWalk<E>(path, options);
  for (let run = walk.ahead(); run.length > 0; run = walk.ahead()) {
    for (const entry of await looks.look(walk.path, run)) {
      if (entry?.kind === "link" && walk.follows) {
        walk.link(await looks.targetOf(entry as Extract<E, { readonly kind: "link" }>));
        break;
      }
      if (entry === undefined) walk.missing();
      else walk.found(entry, entry.kind === "directory" ? "directory" : "other");
    }
  }
  const entry = walk.path === "/" ? await looks.root() : walk.at;
  return { path: walk.path, name: walk.name, entry, slash: walk.slash };
}

/** What is at a place; fails if nothing is, or if a closing `/` asks for a directory. */
export function foundAt<E extends Kinded>(
  { path, entry, slash }: Place<E>,
): { readonly path: VirtualPath; readonly entry: E } {
  if (entry === undefined) throw errorOf("ENOENT");
  if (slash && entry.kind !== "directory") throw errorOf("ENOTDIR");
  return { path, entry };
}
