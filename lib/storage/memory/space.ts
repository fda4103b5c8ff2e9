import { errorOf } from "../errno.ts";

/** What a {@linkcode Space} may hold. */
export interface SpaceLimits {
  /** Bytes in all files and link texts. */
  readonly maxBytes: number;
  /** Files, directories and links. */
  readonly maxNodes: number;
}

/** The quota of a tree: how much it may hold, and how much it holds. */
export class Space {
  /** Most bytes in all files and link texts. */
  readonly maxBytes: number;
  /** Most files, directories and links. */
  readonly maxNodes: number;
  #bytes = 0;
  #nodes = 0;

  /**
   * Starts empty.
   *
   * @throws {RangeError} If a limit is not a whole number.
   */
  constructor(limits: SpaceLimits) {
    for (const [name, limit] of Object.entries(limits)) {
      if (Number.isSafeInteger(limit) && limit >= 0) continue;
      throw new RangeError(`Cannot set ${name} to ${limit}: not a whole number`);
    }
    this.maxBytes = limits.maxBytes;
    this.maxNodes = limits.maxNodes;
  }

  /** Bytes that can still be taken. */
  get freeBytes(): number {
    return this.maxBytes - this.#bytes;
  }

  /** Nodes that can still be taken. */
  get freeNodes(): number {
    return this.maxNodes - this.#nodes;
  }

  /** Takes `count` bytes, or fails. */
  takeBytes(count: number): void {
    if (count > this.freeBytes) throw errorOf("ENOSPC");
    this.#bytes += count;
  }

  /** Gives `count` bytes back. */
  giveBytes(count: number): void {
    this.#bytes -= count;
  }

  /** Takes a node and its initial bytes, or fails. */
  takeNode(bytes = 0): void {
    if (this.freeNodes < 1) throw errorOf("ENOSPC");
    this.takeBytes(bytes);
    this.#nodes++;
  }

  /** Gives a node and its bytes back. */
  giveNode(bytes: number): void {
    this.giveBytes(bytes);
    this.#nodes--;
  }
}
