import type {
  DirHandle,
  FileHandle,
  MaybePromise,
  Storage,
  StorageExtensions,
} from "../../lib/storage/storage.ts";

/**
 * A storage whose every answer is a promise: what the other storage would do at once is done, or
 * fails, only in a later microtask, and every fourth time in a later turn of the event loop.
 */
export function later<F extends FileHandle>(storage: Storage<F>): Storage<LaterFile<F>> {
  const { resolvesParents } = storage;
  return {
    ...(resolvesParents === undefined ? {} : { resolvesParents }),
    extensions: laterExtensions(storage.extensions),
    open: (path, options) => coalesce(async () => new LaterFile(await storage.open(path, options))),
    openDir: (path) => coalesce(async () => laterDir(await storage.openDir(path))),
    stat: (path) => coalesce(() => storage.stat(path)),
    lstat: (path) => coalesce(() => storage.lstat(path)),
    setAttrs: (path, attrs) => coalesce(() => storage.setAttrs(path, attrs)),
    realPath: (path) => coalesce(() => storage.realPath(path)),
    readLink: (path) => coalesce(() => storage.readLink(path)),
    symlink: (target, link) => coalesce(() => storage.symlink(target, link)),
    mkdir: (path, attrs) => coalesce(() => storage.mkdir(path, attrs)),
    rmdir: (path) => coalesce(() => storage.rmdir(path)),
    remove: (path) => coalesce(() => storage.remove(path)),
    rename: (from, to) => coalesce(() => storage.rename(from, to)),
    close: () => coalesce(() => storage.close()),
  };
}

/** A file whose every answer is a promise. */
export class LaterFile<F extends FileHandle> implements FileHandle {
  constructor(readonly file: F) {}

  read(into: Uint8Array, position: number): Promise<number> {
    return coalesce(() => this.file.read(into, position));
  }

  write(data: Uint8Array, position: number): Promise<void> {
    return coalesce(() => this.file.write(data, position));
  }

  stat(): ReturnType<Storage["stat"]> {
    return coalesce(() => this.file.stat());
  }

  setAttrs(attrs: Parameters<FileHandle["setAttrs"]>[0]): Promise<void> {
    return coalesce(() => this.file.setAttrs(attrs));
  }

  close(aborted: boolean): Promise<void> {
    return coalesce(() => this.file.close(aborted));
  }
}

function laterDir(directory: DirHandle): DirHandle {
  return {
    next: (limit) => coalesce(() => directory.next(limit)),
    close: () => coalesce(() => directory.close()),
  };
}

/** Only existing extensions: one that is absent stays absent. */
function laterExtensions<F extends FileHandle>(
  extensions: StorageExtensions<F>,
): StorageExtensions<LaterFile<F>> {
  const all: Required<StorageExtensions<LaterFile<F>>> = {
    posixRename: (from, to) => coalesce(() => extensions.posixRename!(from, to)),
    hardLink: (existing, link) => coalesce(() => extensions.hardLink!(existing, link)),
    setLinkAttrs: (path, attrs) => coalesce(() => extensions.setLinkAttrs!(path, attrs)),
    statVfs: (path) => coalesce(() => extensions.statVfs!(path)),
    fileStatVfs: ({ file }) => coalesce(() => extensions.fileStatVfs!(file)),
    fsync: ({ file }) => coalesce(() => extensions.fsync!(file)),
    copyData: (range) =>
      coalesce(() => {
        const files = { source: range.source.file, target: range.target.file };
        return extensions.copyData!({ ...range, ...files });
      }),
    ownerNames: (uids, gids) => coalesce(() => extensions.ownerNames!(uids, gids)),
  };
  const present = Object.entries(all)
    .filter(([name]) => extensions[name as keyof typeof all] !== undefined);
  return Object.fromEntries(present);
}

let calls = 0;

async function coalesce<T>(work: () => MaybePromise<T>): Promise<T> {
  if (++calls % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  else await Promise.resolve();
  return await work();
}
