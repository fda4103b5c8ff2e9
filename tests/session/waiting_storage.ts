/**
 * A storage whose answers come when a test wants them to.
 *
 * @module
 */

import type {
  DirHandle,
  FileHandle,
  Storage,
  StorageExtensions,
} from "../../lib/storage/storage.ts";

/** Waits before an operation is done; `what` is its name and its path. */
export type Wait = (what: string) => Promise<void>;

/** `storage`, each operation of which is done only after `wait` has settled. */
export function waiting(storage: Storage, wait: Wait): Storage {
  const after = async <T>(what: string, work: () => T): Promise<Awaited<T>> => {
    await wait(what);
    return await work();
  };
  const { resolvesParents } = storage;
  return {
    ...(resolvesParents === undefined ? {} : { resolvesParents }),
    extensions: waitingExtensions(storage.extensions, after),
    open: (path, options) =>
      after(
        `open ${path}`,
        async () => new WaitingFile(path, await storage.open(path, options), after),
      ),
    openDir: (path) =>
      after(`openDir ${path}`, async (): Promise<DirHandle> => {
        const directory = await storage.openDir(path);
        return {
          next: (limit) => after(`next ${path}`, () => directory.next(limit)),
          close: () => after(`closeDir ${path}`, () => directory.close()),
        };
      }),
    stat: (path) => after(`stat ${path}`, () => storage.stat(path)),
    lstat: (path) => after(`lstat ${path}`, () => storage.lstat(path)),
    setAttrs: (path, attrs) => after(`setAttrs ${path}`, () => storage.setAttrs(path, attrs)),
    realPath: (path) => after(`realPath ${path}`, () => storage.realPath(path)),
    readLink: (path) => after(`readLink ${path}`, () => storage.readLink(path)),
    symlink: (target, link) => after(`symlink ${link}`, () => storage.symlink(target, link)),
    mkdir: (path, attrs) => after(`mkdir ${path}`, () => storage.mkdir(path, attrs)),
    rmdir: (path) => after(`rmdir ${path}`, () => storage.rmdir(path)),
    remove: (path) => after(`remove ${path}`, () => storage.remove(path)),
    rename: (from, to) => after(`rename ${from}`, () => storage.rename(from, to)),
    close: () => after("close", () => storage.close()),
  };
}

type After = <T>(what: string, work: () => T) => Promise<Awaited<T>>;

class WaitingFile implements FileHandle {
  readonly #path: string;
  readonly #after: After;

  constructor(path: string, readonly file: FileHandle, after: After) {
    this.#path = path;
    this.#after = after;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#after(`read ${this.#path}`, () => this.file.read(into, position));
  }

  write(data: Uint8Array, position: number): Promise<void> {
    return this.#after(`write ${this.#path}`, () => this.file.write(data, position));
  }

  stat(): ReturnType<FileHandle["stat"]> {
    return this.#after(`fstat ${this.#path}`, () => this.file.stat());
  }

  setAttrs(attrs: Parameters<FileHandle["setAttrs"]>[0]): Promise<void> {
    return this.#after(`fsetAttrs ${this.#path}`, () => this.file.setAttrs(attrs));
  }

  close(aborted: boolean): Promise<void> {
    return this.#after(`close ${this.#path}`, () => this.file.close(aborted));
  }
}

/** Of the extensions, those on paths and on a file; a test that needs another adds it. */
function waitingExtensions(extensions: StorageExtensions, after: After): StorageExtensions {
  const fileOf = (file: FileHandle) => (file as WaitingFile).file;
  return {
    posixRename: (from, to) =>
      after(`posixRename ${from}`, () => extensions.posixRename!(from, to)),
    hardLink: (from, to) => after(`hardLink ${from}`, () => extensions.hardLink!(from, to)),
    fsync: (file) => after("fsync", () => extensions.fsync!(fileOf(file))),
    copyData: (range) =>
      after("copyData", () =>
        extensions.copyData!({
          ...range,
          source: fileOf(range.source),
          target: fileOf(range.target),
        })),
  };
}

/** A number of 0 to 1 that looks random and is the same in each run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Waits for up to fifty microtasks, each time otherwise, and now and then for the event loop. */
export function randomWait(seed: number): Wait {
  const random = seeded(seed);
  return async () => {
    if (random() < 0.02) await nextTurn();
    for (let turns = Math.floor(random() * 50); turns > 0; turns--) await Promise.resolve();
  };
}

/** Lets everything run that is ready to. */
export async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Operations that wait until a test lets them go. */
export class Gate {
  readonly #waiting: { readonly what: string; readonly open: () => void }[] = [];
  #held: (what: string) => boolean;

  /** @param held Which operations wait; others are done at the next turn. */
  constructor(held: (what: string) => boolean = () => true) {
    this.#held = held;
  }

  /** To be given to {@linkcode waiting}. */
  readonly wait: Wait = async (what) => {
    if (!this.#held(what)) return;
    await new Promise<void>((open) => this.#waiting.push({ what, open }));
  };

  /** What waits, the oldest first. */
  get held(): string[] {
    return this.#waiting.map(({ what }) => what);
  }

  /** Lets the one at `index` go, and waits for what follows from it. */
  async release(index = 0): Promise<void> {
    const [released] = this.#waiting.splice(index, 1);
    if (released === undefined) throw new Error(`Nothing waits at ${index}`);
    released.open();
    await nextTurn();
  }

  /** Lets all go, now and from now on. */
  async releaseAll(): Promise<void> {
    this.#held = () => false;
    while (this.#waiting.length > 0) {
      for (const { open } of this.#waiting.splice(0)) open();
      await nextTurn();
    }
  }
}
