import type { FileAttrs } from "../../attrs.ts";
import { StorageError } from "../errors.ts";
import type { CopyRange, FileHandle, NodeUsage, OpenOptions } from "../storage.ts";
import { errorOf } from "../errno.ts";
import type { FileNode } from "./node.ts";

/** What a {@linkcode MemoryFile} needs from its tree. */
export interface FileHost {
  /** Now, in whole seconds since 1970. */
  time(): number;
  /** One handle of the file has been closed. */
  closed(node: FileNode): void;
}

/** An open file of a `MemoryStorage`; it stays the same file when it is renamed or removed. */
export class MemoryFile implements FileHandle {
  readonly #node: FileNode;
  readonly #host: FileHost;
  readonly #append: boolean;
  #reads: boolean;
  #writes: boolean;
  #isOpen = true;

  /** Called by `MemoryStorage.open`. */
  constructor(node: FileNode, options: OpenOptions, host: FileHost) {
    this.#node = node;
    this.#host = host;
    this.#append = options.append;
    this.#reads = options.read;
    this.#writes = options.write;
    node.handles++;
  }

  /** Reads into `into` from byte `position`, and returns the number of bytes read. */
  read(into: Uint8Array, position: number): number {
    if (!this.#reads) throw errorOf("EBADF");
    const part = this.#node.content.view(position, into.length);
    into.set(part);
    return part.length;
  }

  /** Writes all of `data` at byte `position`, or at the end with `append`. */
  write(data: Uint8Array, position: number): void {
    if (!this.#writes) throw errorOf("EBADF");
    const { content } = this.#node;
    content.write(data, this.#append ? content.length : position);
    this.#node.mtime = this.#host.time();
  }

  /** What the file takes. */
  usage(): NodeUsage {
    return this.#open().usage;
  }

  /** The file's attributes. */
  stat(): FileAttrs {
    return this.#open().attrs;
  }

  /** Changes the file's attributes; `size` only if the file is open for writing. */
  setAttrs(attrs: FileAttrs): void {
    const node = this.#open();
    if (attrs.size === undefined || this.#writes) {
      node.setAttrs(attrs, this.#host.time());
    } else {
      node.setAttrs({ ...attrs, size: undefined }, this.#host.time());
      throw errorOf("EINVAL");
    }
  }

  /** Copies between two files; returns the bytes copied, fewer only at the source's end. */
  static copy(range: CopyRange<MemoryFile>): number {
    const { source, target } = range;
    if (!source.#reads || !target.#writes) throw errorOf("EBADF");
    if (source.#node === target.#node) throw new StorageError("failure", "both are the same file");
    const part = source.#node.content.view(range.sourcePosition, range.length);
    target.write(part, range.targetPosition);
    return part.length;
  }

  /** Fails if the file is closed; otherwise does nothing, because there is no disk. */
  sync(): void {
    this.#open();
  }

  /** Ends the use of this handle. */
  close(): void {
    const node = this.#open();
    this.#isOpen = this.#reads = this.#writes = false;
    node.handles--;
    this.#host.closed(node);
  }

  #open(): FileNode {
    if (!this.#isOpen) throw errorOf("EBADF");
    return this.#node;
  }
}
