import { Errno } from "../../linux/errno.ts";
import type { Bytes } from "../../linux/libc.ts";
import type { XattrCalls } from "../../linux/libc_xattrs.ts";
import { errorOfNumber } from "../errno.ts";
import { check } from "./kernel/status.ts";

/** What Linux allows at most for all names, and for a value. */
const MAX_BYTES = 64 * 1024;

/** What the system sets by itself: labels, and capabilities, which writing removes. */
const SECURITY = "security.";

const NO_NAMES: readonly string[] = [];

/** Copies extended attributes, and with them ACLs, from one open file to another. */
export class Xattrs {
  readonly #calls: XattrCalls;
  #room: Bytes | undefined;

  constructor(calls: XattrCalls) {
    this.#calls = calls;
  }

  /** Makes those of `to` the same as those of `from`, by descriptors. */
  copy(from: number, to: number): void {
    const wanted = this.#namesOf(from);
    const now = this.#namesOf(to);
    for (const name of now) {
      if (wanted.includes(name)) continue;
      check(this.#calls.fremovexattr(to, bytesOf(name)));
    }
    for (const name of wanted) {
      const value = this.#valueOf(from, name);
      if (now.includes(name) && isSame(value, this.#valueOf(to, name))) continue;
      check(this.#calls.fsetxattr(to, bytesOf(name), value));
    }
  }

  #namesOf(fd: number): readonly string[] {
    const room = this.#room ??= new Uint8Array(MAX_BYTES);
    const length = this.#calls.flistxattr(fd, room);
    if (length === -Errno.EOPNOTSUPP || length === -Errno.ENOSYS || length === 0) return NO_NAMES;
    const text = String.fromCharCode(...room.subarray(0, check(length)));
    return text.split("\0").filter((name) => name !== "" && !name.startsWith(SECURITY));
  }

  #valueOf(fd: number, name: string): Bytes {
    const room = this.#room!;
    const length = this.#calls.fgetxattr(fd, bytesOf(name), room);
    if (length < 0) throw errorOfNumber(-length);
    return room.slice(0, length);
  }
}

/** A name as C has it; each character is a byte. */
function bytesOf(name: string): Bytes {
  return Uint8Array.from(`${name}\0`, (character) => character.charCodeAt(0));
}

function isSame(one: Bytes, other: Bytes): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
