import type { Libc } from "./libc.ts";
import { type Bytes, INT_SIZE } from "./libc_symbols.ts";

/** A descriptor in a struct: for these calls, which are seldom made, Deno compiles no fast call. */
const DESCRIPTOR = { struct: ["i64"] } as const;

const XATTR_SYMBOLS = {
  flistxattr: { parameters: [DESCRIPTOR, "buffer", "usize"], result: "i32" },
  fgetxattr: { parameters: [DESCRIPTOR, "buffer", "buffer", "usize"], result: "i32" },
  fsetxattr: { parameters: [DESCRIPTOR, "buffer", "buffer", "usize", "i32"], result: "i32" },
  fremovexattr: { parameters: [DESCRIPTOR, "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/**
 * Calls on the extended attributes of an open file, each named like the system's call. They never
 * throw: a failed call returns `-errno`. A `name` is NUL-terminated bytes.
 */
export interface XattrCalls {
  /** flistxattr(2): bytes of names in `into`, each with a NUL. */
  flistxattr(fd: number, into: Bytes): number;
  /** fgetxattr(2): bytes of the value in `into`. */
  fgetxattr(fd: number, name: Bytes, into: Bytes): number;
  /** fsetxattr(2): makes or replaces. */
  fsetxattr(fd: number, name: Bytes, value: Bytes): number;
  /** fremovexattr(2) */
  fremovexattr(fd: number, name: Bytes): number;
}

let opened: XattrCalls | undefined;

/** Opens the calls, once, before the permission for FFI is revoked. */
export function openXattrs(libc: Libc): XattrCalls {
  opened ??= open(libc);
  return opened;
}

/** Each call copies `errno` itself, immediately. */
function open(libc: Libc): XattrCalls {
  const { symbols, errno: { copy, location, errno } } = libc.openMore(XATTR_SYMBOLS);
  const number = new BigInt64Array(1);
  const numberBytes = new Uint8Array(number.buffer);

  function descriptor(fd: number): Bytes {
    number[0] = BigInt(fd);
    return numberBytes;
  }

  return {
    flistxattr(fd, into) {
      const result = symbols.flistxattr(descriptor(fd), into, BigInt(into.length));
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    fgetxattr(fd, name, into) {
      const result = symbols.fgetxattr(descriptor(fd), name, into, BigInt(into.length));
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    fsetxattr(fd, name, value) {
      const result = symbols.fsetxattr(descriptor(fd), name, value, BigInt(value.length), 0);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    fremovexattr(fd, name) {
      const result = symbols.fremovexattr(descriptor(fd), name);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
  };
}
