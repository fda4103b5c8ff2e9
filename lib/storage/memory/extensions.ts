import type { FileSystemStats, OwnerNames, StorageExtensions, VirtualPath } from "../storage.ts";
import { errorOf } from "../errno.ts";
import { MemoryFile } from "./file.ts";
import type { OwnerTables } from "./listing.ts";
import { DirectoryNode } from "./node.ts";
import { rename } from "./rename.ts";
import type { Space } from "./space.ts";
import { NAME_MAX, type Tree } from "./tree.ts";

const BLOCK_BYTES = 4096;

/** What the extensions need. */
export interface ExtensionHost {
  readonly tree: Tree;
  readonly owners: OwnerTables;
  /** Now, in whole seconds since 1970. */
  readonly time: () => number;
}

/** What a `MemoryStorage` can do beyond SFTP itself. */
export function memoryExtensions(host: ExtensionHost): StorageExtensions<MemoryFile> {
  const { tree, owners, time } = host;
  return {
    posixRename(from, to) {
      rename(tree, from, to, { replace: true });
    },
    hardLink(existing, link) {
      hardLink(tree, existing, link);
    },
    setLinkAttrs(path, attrs) {
      tree.find(path, { follow: false }).setAttrs(attrs, time());
    },
    statVfs(path) {
      tree.find(path, { follow: true });
      return figuresOf(tree.space);
    },
    fileStatVfs(file) {
      file.stat();
      return figuresOf(tree.space);
    },
    fsync(file) {
      file.sync();
    },
    copyData(range) {
      return MemoryFile.copy(range);
    },
    ownerNames(uids, gids) {
      return namesOf(owners, uids, gids);
    },
  };
}

function hardLink(tree: Tree, existing: VirtualPath, link: VirtualPath): void {
  const node = tree.find(existing, { follow: false });
  const place = tree.vacancy(link);
  if (place.slash) throw errorOf("ENOENT");
  if (node instanceof DirectoryNode) throw errorOf("EPERM");
  tree.attach(place, node);
}

function figuresOf(space: Space): FileSystemStats {
  const free = blocksIn(space.freeBytes);
  const freeNodes = BigInt(space.freeNodes);
  return {
    bsize: BigInt(BLOCK_BYTES),
    frsize: BigInt(BLOCK_BYTES),
    blocks: blocksIn(space.maxBytes),
    bfree: free,
    bavail: free,
    files: BigInt(space.maxNodes),
    ffree: freeNodes,
    favail: freeNodes,
    fsid: 0n,
    flag: 0n,
    namemax: BigInt(NAME_MAX),
  };
}

function blocksIn(bytes: number): bigint {
  return BigInt(Math.floor(bytes / BLOCK_BYTES));
}

function namesOf(
  { users, groups }: OwnerTables,
  uids: readonly number[],
  gids: readonly number[],
): OwnerNames {
  return {
    users: uids.map((uid) => users.get(uid) ?? ""),
    groups: gids.map((gid) => groups.get(gid) ?? ""),
  };
}
