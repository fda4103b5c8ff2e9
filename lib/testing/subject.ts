import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { FileType } from "../attrs.ts";
import { StorageError, type StorageErrorCode } from "../storage/errors.ts";
import type {
  DirEntry,
  FileAttrs,
  FileHandle,
  MaybePromise,
  OpenOptions,
  Storage,
  StorageExtensions,
  VirtualPath,
} from "../storage/storage.ts";
import type { Tree } from "./tree.ts";

/** A boolean field of {@linkcode OpenOptions}. */
type Flag = Exclude<keyof OpenOptions, "attrs">;

const BATCH_ENTRIES = 100;
const CHUNK_BYTES = 64 * 1024;

/** Options of `open` with the named flags set. */
export function how(...flags: readonly Flag[]): OpenOptions {
  return {
    read: flags.includes("read"),
    write: flags.includes("write"),
    append: flags.includes("append"),
    create: flags.includes("create"),
    truncate: flags.includes("truncate"),
    exclusive: flags.includes("exclusive"),
    attrs: {},
  };
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text of UTF-8 bytes. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** `length` bytes that differ from position to position, so that a misplaced piece shows. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8) * 7 + (at >> 16)) & 0xff;
  return bytes;
}

/** The storage under test, with what tests do to it again and again. */
export class Subject {
  constructor(readonly storage: Storage, readonly tellsReasons: boolean) {}

  /** An extension that the storage must offer, because the test's needs name it. */
  extension<K extends keyof StorageExtensions>(name: K): NonNullable<StorageExtensions[K]> {
    const { extensions } = this.storage;
    const method = extensions[name];
    assert(method !== undefined, `${name} is not offered`);
    // Bound one by one, because TypeScript cannot combine the types in a union of functions.
    return method.bind(extensions) as NonNullable<StorageExtensions[K]>;
  }

  /** Opens a file, passes it to `work` and closes it. */
  async using<T>(
    path: VirtualPath,
    options: OpenOptions,
    work: (file: FileHandle) => MaybePromise<T>,
  ): Promise<T> {
    const file = await this.storage.open(path, options);
    try {
      return await work(file);
    } finally {
      await file.close(false);
    }
  }

  /** Makes a file with this content, or replaces a file's content. */
  async put(path: VirtualPath, content: string | Uint8Array = ""): Promise<void> {
    const bytes = typeof content === "string" ? bytesOf(content) : content;
    await this.using(path, how("write", "create", "truncate"), (file) => file.write(bytes, 0));
  }

  /** A file's content as text. */
  async get(path: VirtualPath): Promise<string> {
    return textOf(await this.bytes(path));
  }

  /** A file's content. */
  bytes(path: VirtualPath): Promise<Uint8Array> {
    return this.using(path, how("read"), readAll);
  }

  /** Makes a tree, with the storage's own methods. */
  async fill(tree: Tree, directory: VirtualPath = ""): Promise<void> {
    for (const [name, node] of Object.entries(tree)) {
      const path = `${directory}/${name}`;
      if (typeof node === "string") {
        await this.put(path, node);
      } else {
        await this.storage.mkdir(path, {});
        await this.fill(node, path);
      }
    }
  }

  /** Makes directories. */
  async mkdir(...paths: readonly VirtualPath[]): Promise<void> {
    for (const path of paths) await this.storage.mkdir(path, {});
  }

  /** The entries of a directory except `.` and `..`. */
  async list(path: VirtualPath): Promise<DirEntry[]> {
    const directory = await this.storage.openDir(path);
    const entries: DirEntry[] = [];
    for (;;) {
      const batch = await directory.next(BATCH_ENTRIES);
      if (batch.length === 0) break;
      entries.push(...batch);
    }
    await directory.close();
    return entries.filter(({ name }) => name !== "." && name !== "..");
  }

  /** The names in a directory, sorted. */
  async names(path: VirtualPath): Promise<string[]> {
    return (await this.list(path)).map(({ name }) => name).sort();
  }

  /** The kind of entry with that name; a link is not followed. */
  async kind(path: VirtualPath): Promise<string> {
    try {
      return kindOf(await this.storage.lstat(path));
    } catch (error) {
      if (error instanceof StorageError && error.code === "not-found") return "nothing";
      throw error;
    }
  }

  /** The permission bits of what `path` leads to. */
  async mode(path: VirtualPath): Promise<number> {
    return permissionBits(await this.storage.stat(path));
  }

  /**
   * Asserts that `action` fails with that code and, if the storage gives reasons, with that reason.
   */
  async refuses(
    code: StorageErrorCode,
    reason: string,
    action: () => MaybePromise<unknown>,
  ): Promise<void> {
    const error = await failureOf(action);
    assertInstanceOf(error, StorageError, `${error} is not a StorageError`);
    assertEquals(error.code, code, `The code of "${error.message}"`);
    if (this.tellsReasons && reason !== "") assertEquals(error.message, reason);
  }

  /** Asserts that `action` fails as something that this storage never does. */
  async refusesToServe(action: () => MaybePromise<unknown>): Promise<void> {
    const error = await failureOf(action);
    assertInstanceOf(error, StorageError, `${error} is not a StorageError`);
    const told = `The code is ${error.code}, neither denied nor unsupported`;
    assert(error.code === "denied" || error.code === "unsupported", told);
  }
}

/** What `action` throws or is rejected with. */
export async function failureOf(action: () => MaybePromise<unknown>): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await action();
  } catch (error) {
    return error;
  }
  throw new Error(`Expected a failure, got ${Deno.inspect(answer)}`);
}

/** Reads an open file from its beginning to its end. */
export async function readAll(file: FileHandle): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const part = new Uint8Array(CHUNK_BYTES);
    const count = await file.read(part, length);
    if (count === 0) break;
    parts.push(part.subarray(0, count));
    length += count;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The text of at most `length` bytes from `position` on. */
export async function textAt(file: FileHandle, position: number, length: number): Promise<string> {
  const into = new Uint8Array(length);
  const count = await file.read(into, position);
  return textOf(into.subarray(0, count));
}

/** The kind of entry with these attributes. */
export function kindOf(attrs: FileAttrs): string {
  switch ((attrs.permissions ?? 0) & FileType.MASK) {
    case FileType.REGULAR:
      return "file";
    case FileType.DIRECTORY:
      return "directory";
    case FileType.SYMLINK:
      return "link";
    default:
      return "something else";
  }
}

/** The permission bits without the type. */
export function permissionBits(attrs: FileAttrs): number {
  return (attrs.permissions ?? 0) & 0o7777;
}
