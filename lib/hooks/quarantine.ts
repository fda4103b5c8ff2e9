import { encodeName } from "../names.ts";
import { errorOfNumber } from "../storage/errno.ts";
import { nameOf } from "../storage/path.ts";
import type { FileHandle, VirtualPath } from "../storage/storage.ts";
import { Errno } from "../linux/errno.ts";
import type { Bytes, Libc } from "../linux/libc.ts";
import { Open } from "../linux/linux.ts";
import { OpenHow } from "../linux/structs.ts";
import { piecesOf } from "./pieces.ts";

/** The calls that a quarantine is filled by. */
export type QuarantineCalls = Pick<Libc, "openat2" | "pwrite" | "close" | "renameat" | "unlinkat">;

/** Only the account itself reads what may be dangerous. */
const MODE = 0o600;

/** Characters of the client's name in that of the copy. */
const MAX_NAME_LENGTH = 100;

/** A directory that takes what was refused, open. */
export class Quarantine {
  readonly #libc: QuarantineCalls;
  /** Its descriptor. */
  readonly descriptor: number;

  constructor(libc: QuarantineCalls, descriptor: number) {
    this.#libc = libc;
    this.descriptor = descriptor;
  }

  /**
   * Copies a file, and returns the copy's name there, which is new. It is named for when, and for
   * what the client called it, as far as that is harmless.
   *
   * @throws {StorageError} If it cannot be kept, or not whole; then nothing of it stays.
   */
  async keep(path: VirtualPath, file: Pick<FileHandle, "read">): Promise<string> {
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const shown = nameOf(path).replace(/[^\w.-]+/g, "_").slice(0, MAX_NAME_LENGTH);
    const name = `${time}-${crypto.randomUUID().slice(0, 8)}-${shown}`;
    const part = terminated(`.${name}.part`);
    const flags = Open.WRONLY | Open.CREAT | Open.EXCL | Open.NOFOLLOW | Open.CLOEXEC;
    const fd = checked(this.#libc.openat2(this.descriptor, part, new OpenHow().set(flags, MODE)));
    try {
      await this.#copy(file, fd);
      checked(this.#libc.renameat(this.descriptor, part, this.descriptor, terminated(name)));
      return name;
    } catch (error) {
      this.#libc.unlinkat(this.descriptor, part, 0);
      throw error;
    } finally {
      this.#libc.close(fd);
    }
  }

  async #copy(file: Pick<FileHandle, "read">, fd: number): Promise<void> {
    let position = 0;
    for await (const piece of piecesOf(file)) {
      for (let written = 0; written < piece.length;) {
        const more = this.#libc.pwrite(fd, piece.subarray(written), position + written);
        written += more === -Errno.EINTR ? 0 : checked(more);
      }
      position += piece.length;
    }
  }
}

function checked(result: number): number {
  if (result < 0) throw errorOfNumber(-result);
  return result;
}

function terminated(name: string): Bytes {
  return Uint8Array.of(...encodeName(name), 0);
}
