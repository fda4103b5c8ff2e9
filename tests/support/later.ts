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
  const { resolvesParents, usage } = storage;
  return {
    ...(resolvesParents === undefined ? {} : { resolvesParents }),
    extensions: laterExtensions(storage.extensions),
    usage: usage && {
      blockBytes: usage.blockBytes,
      nameBytes: usage.nameBytes,
      ofPath: (path, options) => delayed(() => usage.ofPath(path, options)),
      ofFile: ({ file }) => delayed(() => usage.ofFile(file)),
    },
    open: (path, options) => delayed(async () => new LaterFile(await storage.open(path, options))),
    openDir: (path) => delayed(async () => laterDir(await storage.openDir(path))),
    stat: (path) => delayed(() => storage.stat(path)),
    lstat: (path) => delayed(() => storage.lstat(path)),
    setAttrs: (path, attrs) => delayed(() => storage.setAttrs(path, attrs)),
    realPath: (path) => delayed(() => storage.realPath(path)),
    readLink: (path) => delayed(() => storage.readLink(path)),
    symlink: (target, link) => delayed(() => storage.symlink(target, link)),
    mkdir: (path, attrs) => delayed(() => storage.mkdir(path, attrs)),
    rmdir: (path) => delayed(() => storage.rmdir(path)),
    remove: (path) => delayed(() => storage.remove(path)),
    rename: (from, to) => delayed(() => storage.rename(from, to)),
    close: () => delayed(() => storage.close()),
  };
}

/** A file whose every answer is a promise. */
export class LaterFile<F extends FileHandle> implements FileHandle {
  constructor(readonly file: F) {}

  read(into: Uint8Array, position: number): Promise<number> {
    return delayed(() => this.file.read(into, position));
  }

  write(data: Uint8Array, position: number): Promise<void> {
    return delayed(() => this.file.write(data, position));
  }

  stat(): ReturnType<Storage["stat"]> {
    return delayed(() => this.file.stat());
  }

  setAttrs(attrs: Parameters<FileHandle["setAttrs"]>[0]): Promise<void> {
    return delayed(() => this.file.setAttrs(attrs));
  }

  close(aborted: boolean): Promise<void> {
    return delayed(() => this.file.close(aborted));
  }
}

function laterDir(directory: DirHandle): DirHandle {
  return {
    next: (limit) => delayed(() => directory.next(limit)),
    close: () => delayed(() => directory.close()),
  };
}

/** Only existing extensions: one that is absent stays absent. */
function laterExtensions<F extends FileHandle>(
  extensions: StorageExtensions<F>,
): StorageExtensions<LaterFile<F>> {
  const all: Required<StorageExtensions<LaterFile<F>>> = {
    posixRename: (from, to) => delayed(() => extensions.posixRename!(from, to)),
    hardLink: (existing, link) => delayed(() => extensions.hardLink!(existing, link)),
    setLinkAttrs: (path, attrs) => delayed(() => extensions.setLinkAttrs!(path, attrs)),
    statVfs: (path) => delayed(() => extensions.statVfs!(path)),
    fileStatVfs: ({ file }) => delayed(() => extensions.fileStatVfs!(file)),
    fsync: ({ file }) => delayed(() => extensions.fsync!(file)),
    copyData: (range) =>
      delayed(() => {
        const files = { source: range.source.file, target: range.target.file };
        return extensions.copyData!({ ...range, ...files });
      }),
    ownerNames: (uids, gids) => delayed(() => extensions.ownerNames!(uids, gids)),
  };
  const present = Object.entries(all)
    .filter(([name]) => extensions[name as keyof typeof all] !== undefined);
  return Object.fromEntries(present);
}

let calls = 0;

async function delayed<T>(work: () => MaybePromise<T>): Promise<T> {
  if (++calls % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  else await Promise.resolve();
  return await work();
}
