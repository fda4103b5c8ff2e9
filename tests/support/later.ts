import type {
  DirHandle,
  FileHandle,
  MaybePromise,
  Storage,
  StorageExtensions,
} from "../../lib/storage/storage.ts";

/**
 * A storage whose every answer is a promise: what the other would do at once
 * is done, or fails, only in a later microtask, and each fourth time in a later
 * turn of the event loop.
 */
export function later<F extends FileHandle>(storage: Storage<F>): Storage<LaterFile<F>> {
  const { resolvesParents } = storage;
  return {
    ...(resolvesParents === undefined ? {} : { resolvesParents }),
    extensions: laterExtensions(storage.extensions),
    open: (path, options) => soon(async () => new LaterFile(await storage.open(path, options))),
    openDir: (path) => soon(async () => laterDir(await storage.openDir(path))),
    stat: (path) => soon(() => storage.stat(path)),
    lstat: (path) => soon(() => storage.lstat(path)),
    setAttrs: (path, attrs) => soon(() => storage.setAttrs(path, attrs)),
    realPath: (path) => soon(() => storage.realPath(path)),
    readLink: (path) => soon(() => storage.readLink(path)),
    symlink: (target, link) => soon(() => storage.symlink(target, link)),
    mkdir: (path, attrs) => soon(() => storage.mkdir(path, attrs)),
    rmdir: (path) => soon(() => storage.rmdir(path)),
    remove: (path) => soon(() => storage.remove(path)),
    rename: (from, to) => soon(() => storage.rename(from, to)),
    close: () => soon(() => storage.close()),
  };
}

/** A file whose every answer is a promise. */
export class LaterFile<F extends FileHandle> implements FileHandle {
  constructor(readonly file: F) {}

  read(into: Uint8Array, position: number): Promise<number> {
    return soon(() => this.file.read(into, position));
  }

  write(data: Uint8Array, position: number): Promise<void> {
    return soon(() => this.file.write(data, position));
  }

  stat(): ReturnType<Storage["stat"]> {
    return soon(() => this.file.stat());
  }

  setAttrs(attrs: Parameters<FileHandle["setAttrs"]>[0]): Promise<void> {
    return soon(() => this.file.setAttrs(attrs));
  }

  close(aborted: boolean): Promise<void> {
    return soon(() => this.file.close(aborted));
  }
}

function laterDir(directory: DirHandle): DirHandle {
  return {
    next: (limit) => soon(() => directory.next(limit)),
    close: () => soon(() => directory.close()),
  };
}

/** Only what is there: an extension that is absent stays absent. */
function laterExtensions<F extends FileHandle>(
  extensions: StorageExtensions<F>,
): StorageExtensions<LaterFile<F>> {
  const all: Required<StorageExtensions<LaterFile<F>>> = {
    posixRename: (from, to) => soon(() => extensions.posixRename!(from, to)),
    hardLink: (existing, link) => soon(() => extensions.hardLink!(existing, link)),
    setLinkAttrs: (path, attrs) => soon(() => extensions.setLinkAttrs!(path, attrs)),
    statVfs: (path) => soon(() => extensions.statVfs!(path)),
    fileStatVfs: ({ file }) => soon(() => extensions.fileStatVfs!(file)),
    fsync: ({ file }) => soon(() => extensions.fsync!(file)),
    copyData: (range) =>
      soon(() => {
        const files = { source: range.source.file, target: range.target.file };
        return extensions.copyData!({ ...range, ...files });
      }),
    ownerNames: (uids, gids) => soon(() => extensions.ownerNames!(uids, gids)),
  };
  const present = Object.entries(all)
    .filter(([name]) => extensions[name as keyof typeof all] !== undefined);
  return Object.fromEntries(present);
}

let calls = 0;

async function soon<T>(work: () => MaybePromise<T>): Promise<T> {
  if (++calls % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  else await Promise.resolve();
  return await work();
}
