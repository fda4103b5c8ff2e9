import { attempt, attemptExisting, statusOf } from "./deno_fs.ts";
import { childOf } from "../path.ts";
import { FileType } from "../../attrs.ts";
import type { NodeStatus, RootDir, RootEntry } from "./root.ts";

/** What Deno puts in the place of bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";

/** An open directory: its names are read at once, their status with each batch. */
export class PortableDir implements RootDir {
  readonly #hostPath: string;
  readonly #parentHostPath: string;
  readonly #entries: Iterator<Deno.DirEntry>;
  #dotsListed = false;

  /** Both are host paths; the parent of the root is the root. */
  constructor(hostPath: string, parentHostPath: string) {
    this.#hostPath = hostPath;
    this.#parentHostPath = parentHostPath;
    this.#entries = attempt(() => Deno.readDirSync(hostPath)[Symbol.iterator]());
  }

  next(limit: number): readonly RootEntry[] {
    const batch: RootEntry[] = [];
    if (!this.#dotsListed) {
      this.#dotsListed = true;
      const dots = [[".", this.#hostPath], ["..", this.#parentHostPath]] as const;
      for (const [name, hostPath] of dots) {
        const status = statusAt(hostPath);
        if (status !== undefined) batch.push({ name, status });
      }
    }
    while (batch.length < limit) {
      const { done, value } = attempt(() => this.#entries.next());
      if (done) break;
      const status = statusAt(childOf(this.#hostPath, value.name)) ?? unreachableStatus(value);
      // What has gone since it was listed is left out.
      if (status !== undefined) batch.push({ name: value.name, status });
    }
    return batch;
  }

  close(): void {
    this.#entries.return?.();
  }
}

function statusAt(hostPath: string): NodeStatus | undefined {
  const info = attemptExisting(() => Deno.lstatSync(hostPath));
  return info === undefined ? undefined : statusOf(info);
}

/**
 * A name that is not UTF-8 cannot be asked about, but hiding it would make its
 * directory look empty: it is listed with its type alone.
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
