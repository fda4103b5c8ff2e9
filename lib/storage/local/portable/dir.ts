import { FileType } from "../../../attrs.ts";
import { StorageError } from "../../errors.ts";
import { childOf } from "../../path.ts";
import { attempt, statusOf } from "./deno_fs.ts";
import type { Libc } from "../../../linux/libc.ts";
import { type Names, openNames } from "./names.ts";
import type { NodeStatus, RootDir, RootEntry } from "../root.ts";

/** What Deno replaces bytes that are not UTF-8 with. */
const REPLACEMENT = "\ufffd";

/** An open directory: the status of its names is read with each batch. */
export class PortableDir implements RootDir {
  readonly #hostPath: string;
  readonly #parentHostPath: string;
  readonly #names: Names;
  #dotsListed = false;
  #first: Deno.DirEntry | undefined;

  /** Both are host paths; the parent of the root is the root. */
  constructor(hostPath: string, parentHostPath: string, libc?: Libc) {
    this.#hostPath = hostPath;
    this.#parentHostPath = parentHostPath;
    this.#names = openNames(hostPath, libc);
  }

  next(limit: number): readonly RootEntry[] {
    const batch: RootEntry[] = [];
    if (!this.#dotsListed) {
      this.#dotsListed = true;
      // Reading sets the time of access, which the directory's own entry shows.
      this.#first = this.#names.next();
      const dots = [[".", this.#hostPath], ["..", this.#parentHostPath]] as const;
      for (const [name, hostPath] of dots) {
        const status = statusAt(hostPath);
        if (status !== undefined) batch.push({ name, status });
      }
    }
    while (batch.length < limit) {
      const entry = this.#first ?? this.#names.next();
      this.#first = undefined;
      if (entry === undefined) break;
      const status = statusAt(childOf(this.#hostPath, entry.name)) ?? unreachableStatus(entry);
      if (status !== undefined) batch.push({ name: entry.name, status });
    }
    return batch;
  }

  close(): void {
    this.#names.close();
  }
}

/** Undefined if it was removed since it was listed, or stat is denied, as in OpenSSH. */
function statusAt(hostPath: string): NodeStatus | undefined {
  try {
    return attempt(() => statusOf(Deno.lstatSync(hostPath)));
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}

/**
 * The status of a name that is not UTF-8 cannot be read, but hiding the name
 * would make its directory look empty, so it is listed with its type alone.
 */
function unreachableStatus(entry: Deno.DirEntry): NodeStatus | undefined {
  if (!entry.name.includes(REPLACEMENT)) return undefined;
  const permissions = entry.isDirectory
    ? FileType.DIRECTORY
    : entry.isSymlink
    ? FileType.SYMLINK
    : FileType.REGULAR;
  return { size: 0, uid: 0, gid: 0, permissions, atime: 0, mtime: 0, links: 1 };
}
