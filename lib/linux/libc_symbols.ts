/**
 * The functions of libc that are used, with their C types.
 *
 * Deno compiles a fast call for each function that it opens, which costs a
 * quarter of a millisecond at the start of every session. Only frequent calls
 * are worth that; the others take their first argument in a struct, for which
 * Deno compiles no fast call: see {@linkcode SELDOM_NUMBER}. Nearly everything
 * uses `syscall`, once for each shape of arguments, which is the positions of
 * numbers and buffers. A shape has at least as many arguments as any of its
 * calls needs: a missing argument is not 0 but whatever its register holds.
 *
 * A 64-bit argument may be a number or a bigint; V8's fast calls take only a
 * bigint. Results are read as 32 bits: none is larger, and a 64-bit one would
 * be a bigint.
 *
 * @module
 */

/** A number in a struct, which C passes like the number itself. */
const SELDOM_NUMBER = { struct: ["i64"] } as const;

/** The symbols for `Deno.dlopen`. */
export const SYMBOLS = {
  __errno_location: { parameters: [], result: { struct: ["u64"] } },
  /** Copies `errno`; see {@linkcode ErrnoCopy}. */
  copyErrno: { name: "memcpy", parameters: ["buffer", SELDOM_NUMBER, "usize"], result: "void" },

  /** A number, two buffers, a number: a name in a directory, and a struct for it or about it. */
  buffers: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "buffer", "i64"],
    result: "i32",
  },
  /** A number, a buffer, numbers: a name in a directory, or data for a descriptor. */
  buffer: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "i64", "i64", "i64", "i64"],
    result: "i32",
  },

  poll: { parameters: ["buffer", SELDOM_NUMBER, "i32"], result: "i32" },
  pollElsewhere: {
    name: "poll",
    parameters: ["buffer", "u64", "i32"],
    result: "i32",
    nonblocking: true,
  },

  /** Numbers alone. */
  numbers: {
    name: "syscall",
    parameters: [SELDOM_NUMBER, "i64", "i64", "i64", "i64", "i64"],
    result: "i32",
  },
  /** A number and a buffer, twice, and numbers: two names in directories. */
  pairs: {
    name: "syscall",
    parameters: [SELDOM_NUMBER, "i32", "buffer", "i32", "buffer", "i64", "i64"],
    result: "i32",
  },
  /** A buffer, a number, a buffer. */
  around: {
    name: "syscall",
    parameters: [SELDOM_NUMBER, "buffer", "i64", "buffer"],
    result: "i32",
  },
  /** A buffer and numbers. */
  first: { name: "syscall", parameters: [SELDOM_NUMBER, "buffer", "i64", "i64"], result: "i32" },
  /** Two numbers, a buffer, a number. */
  third: {
    name: "syscall",
    parameters: [SELDOM_NUMBER, "i64", "i64", "buffer", "i64"],
    result: "i32",
  },
  /** Three numbers, a buffer, a number. */
  fourth: {
    name: "syscall",
    parameters: [SELDOM_NUMBER, "i64", "i64", "i64", "buffer", "i64"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The opened functions. */
export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Bytes as FFI takes them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes of an `int`, which `errno` is. */
export const INT_SIZE = 4n;

/**
 * How `errno` is read: `copy(errno, location, INT_SIZE)` first, then from `errno`,
 * which nothing else changes.
 *
 * V8 makes system calls of its own on this thread, and a failed one sets `errno`
 * too. It makes them when it allocates memory, compiles, or enters or leaves a
 * JavaScript function. So the function that calls the system must copy `errno`
 * itself, right after the call: only a comparison may come in between.
 */
export interface ErrnoCopy {
  /** memcpy(3) */
  readonly copy: Symbols["copyErrno"];
  /** The address of this thread's `errno`. */
  readonly location: Bytes;
  /** The copy. */
  readonly errno: Int32Array<ArrayBuffer>;
}

/** Finds this thread's `errno`: a pointer cannot be dereferenced without the permission for FFI. */
export function errnoCopy(symbols: Symbols): ErrnoCopy {
  return {
    copy: symbols.copyErrno,
    location: symbols.__errno_location() as Bytes,
    errno: new Int32Array(1),
  };
}

/** Passed instead of a buffer by calls that have none. */
export const NO_BYTES: Bytes = new Uint8Array(1);
