/**
 * The walk of a path through directories and links, without I/O: {@linkcode LinkWalk} says which
 * name to look at, and is told what was found there.
 *
 * @module
 */

import { errorOf } from "./errno.ts";
import { childOf } from "./path.ts";
import type { VirtualPath } from "./storage.ts";

/** Links that are followed in one path, as Linux's `MAXSYMLINKS`. */
export const MAX_SYMLINKS = 40;

/** How a walk ends, and what it refuses. */
export interface LinkWalkOptions {
  /** Whether a link under the last name is followed. */
  readonly follow: boolean;
  /**
   * Whether a file may be made under the last name, as open(2) does with `O_CREAT`: a closing `/`
   * then fails with `EISDIR` before that name is looked at.
   */
  readonly makesFile?: boolean;
  /**
   * The error where a `..` of a link leads above the root. Without it `..` stops at the root, as it
   * does in a chroot. A root that is no chroot to the system which keeps the links sets it: there
   * the link leads out. The client's own `..` stops at the root in any case.
   */
  readonly leadsOut?: () => Error;
}

/**
 * What has a name that is not followed. `unknown` is what may be a directory: the walk continues,
 * and the look below it has to fail where it is none.
 */
export type FoundKind = "directory" | "other" | "unknown";

/** A name that has been walked. */
interface Step<T> {
  readonly name: string;
  /** Holds no link and no `..`. */
  readonly path: VirtualPath;
  /** What has the name; undefined where nothing has. */
  readonly node: T | undefined;
  kind: FoundKind;
}

/**
 * A cursor that resolves a path as the kernel does in a chroot: an absolute link starts at the
 * root, `..` stops there, and the last name may be missing. The caller looks at {@linkcode next} in
 * the directory {@linkcode at}, or at several names {@linkcode ahead}, and reports each by
 * {@linkcode found}, {@linkcode missing} or {@linkcode link} until no name is left. Then `path`,
 * `name`, `at`, `parent` and `slash` tell where the path leads.
 *
 * @typeParam T What the caller knows of a file.
 */
export class LinkWalk<T> {
  readonly #options: LinkWalkOptions;
  readonly #steps: Step<T>[] = [];
  /** The segments to come, the next one last. */
  readonly #ahead: string[];
  /** How many of them are the client's own; those above came from links. */
  #sent: number;
  #links = 0;
  #name = "";
  #slash: boolean;

  /** @param path May hold `.`, `..` and a closing `/`. */
  constructor(path: VirtualPath, options: LinkWalkOptions) {
    this.#options = options;
    this.#ahead = segmentsBackwards(path);
    this.#sent = this.#ahead.length;
    this.#slash = path.endsWith("/");
  }

  /** The path so far, without links and `..`. */
  get path(): VirtualPath {
    return this.#steps.at(-1)?.path ?? "/";
  }

  /** What was found at `path`; undefined at the root, and where the last name is missing. */
  get at(): T | undefined {
    return this.#steps.at(-1)?.node;
  }

  /** The directory that holds the last name; what is `at` where the path ends without a name. */
  get parent(): T | undefined {
    return isProper(this.#name) ? this.#steps.at(-2)?.node : this.at;
  }

  /** The last name; empty at the root, `.` or `..` where the path ends so. */
  get name(): string {
    return this.#name;
  }

  /** Whether the path, or the text of a link at its end, has a closing `/` and asks for a directory. */
  get slash(): boolean {
    return this.#slash;
  }

  /** Whether the next name is the last one. */
  get isLast(): boolean {
    return this.#ahead.length === 1;
  }

  /** Whether a link under the next name is followed, and its text is needed. */
  get follows(): boolean {
    return this.#options.follow || !this.isLast;
  }

  /** Whether what is `at` is known to be a directory. */
  get isInDirectory(): boolean {
    const step = this.#steps.at(-1);
    return step === undefined || step.kind === "directory";
  }

  /**
   * The name to look at next; undefined at the end.
   *
   * @throws {StorageError} `ENOTDIR` at a `..` in what is not known to be a directory, `EISDIR` as
   *     {@linkcode LinkWalkOptions.makesFile} says.
   */
  next(): string | undefined {
    for (;;) {
      const name = this.#ahead.at(-1);
      if (name === undefined) return undefined;
      if (isProper(name)) {
        if (this.isLast && this.#refusesLast) throw errorOf("EISDIR");
        return name;
      }
      this.#stepUp(name);
    }
  }

  /** The names to look at next, at most `limit`, each in the one before; none at the end. */
  ahead(limit = Infinity): string[] {
    const names: string[] = [];
    for (let name = this.next(); name !== undefined && isProper(name) && names.length < limit;) {
      names.push(name);
      const index = this.#ahead.length - 1 - names.length;
      name = index === 0 && this.#refusesLast ? undefined : this.#ahead[index];
    }
    return names;
  }

  /**
   * Something has the next name, perhaps a link that is not followed.
   *
   * @throws {StorageError} `ENOTDIR` if more names follow, and it is no directory.
   */
  found(node: T, kind: FoundKind): void {
    if (kind === "other" && !this.isLast) throw errorOf("ENOTDIR");
    this.#push(node, kind);
  }

  /**
   * Nothing has the next name.
   *
   * @throws {StorageError} `ENOENT` if it is not the last one.
   */
  missing(): void {
    if (!this.isLast) throw errorOf("ENOENT");
    this.#push(undefined, "other");
  }

  /**
   * A link with this text has the next name, and is followed.
   *
   * @throws {StorageError} `ELOOP` after {@linkcode MAX_SYMLINKS}, `ENOENT` for an empty text.
   */
  link(text: string): void {
    if (++this.#links > MAX_SYMLINKS) throw errorOf("ELOOP");
    if (text === "") throw errorOf("ENOENT");
    if (this.isLast && text.endsWith("/")) this.#slash = true;
    if (text.startsWith("/")) {
      this.#steps.length = 0;
      this.#name = "";
    }
    this.#pop();
    this.#ahead.push(...segmentsBackwards(text));
  }

  get #refusesLast(): boolean {
    return this.#options.makesFile === true && this.#slash;
  }

  #push(node: T | undefined, kind: FoundKind): void {
    const name = this.#pop();
    this.#steps.push({ name, path: childOf(this.path, name), node, kind });
    this.#name = name;
  }

  /** Walks a `..`, or a `.`. */
  #stepUp(name: string): void {
    const isOfLink = this.#ahead.length > this.#sent;
    if (!this.isInDirectory) throw errorOf("ENOTDIR");
    this.#pop();
    this.#name = name;
    if (name === ".") return;
    const { leadsOut } = this.#options;
    if (this.#steps.length === 0 && isOfLink && leadsOut !== undefined) throw leadsOut();
    this.#steps.pop();
    const step = this.#steps.at(-1);
    // What holds something is a directory.
    if (step !== undefined) step.kind = "directory";
  }

  #pop(): string {
    const name = this.#ahead.pop()!;
    this.#sent = Math.min(this.#sent, this.#ahead.length);
    return name;
  }
}

/** Whether the last name of a path can be given and taken: not the root, `.` or `..`. */
export function isNamed({ name }: { readonly name: string }): boolean {
  return name !== "" && isProper(name);
}

function isProper(segment: string): boolean {
  return segment !== "." && segment !== "..";
}

/** The segments of a path, the first one last, so that each is popped when its turn comes. */
function segmentsBackwards(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "").reverse();
}
