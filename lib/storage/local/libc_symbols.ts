/**
 * The functions of libc that are used, by C's types.
 *
 * Deno compiles a fast way into each function when it is opened, which costs a
 * quarter of a millisecond at the start of every session. Only what is called
 * all the time is worth that; the rest is declared {@linkcode SELDOM}. Nearly
 * everything goes through `syscall`, once for each shape of arguments: numbers,
 * and where the buffers stand. A shape may have more arguments than a call
 * takes, or fewer where the last one counts for nothing.
 *
 * A 64-bit argument takes a number or a bigint; only a bigint takes V8's fast
 * way into a library. Results are read as 32 bits: none is larger, and a
 * 64-bit one would be a bigint.
 *
 * @module
 */

/**
 * An `int`, by a type that Deno compiles no fast way for: a struct with one
 * field, which is returned in the same register. See {@linkcode intOf}.
 */
const SELDOM = { struct: ["i32"] } as const;

/** What `Deno.dlopen` is given. */
export const SYMBOLS = {
  __errno_location: { parameters: [], result: { struct: ["u64"] } },
  memcpy: { parameters: ["buffer", "u64", "usize"], result: SELDOM },

  /** A number, two buffers, a number: a name in a directory, and what it is to be or is told of it. */
  buffers: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "buffer", "i64"],
    result: "i32",
  },
  /** A number, a buffer, numbers: a name in a directory, or data for a descriptor. */
  buffer: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "i64", "i64", "i64"],
    result: "i32",
  },

  poll: { parameters: ["buffer", "u64", "i32"], result: SELDOM },
  pollElsewhere: {
    name: "poll",
    parameters: ["buffer", "u64", "i32"],
    result: "i32",
    nonblocking: true,
  },

  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: SELDOM },

  /** Numbers alone. */
  numbers: {
    name: "syscall",
    parameters: ["i64", "i64", "i64", "i64", "i64", "i64"],
    result: SELDOM,
  },
  /** A number and a buffer, twice, and numbers: two names in directories. */
  pairs: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "i32", "buffer", "i64", "i64"],
    result: SELDOM,
  },
  /** A buffer, a number, a buffer. */
  around: { name: "syscall", parameters: ["i64", "buffer", "i64", "buffer"], result: SELDOM },
  /** A buffer and numbers. */
  first: { name: "syscall", parameters: ["i64", "buffer", "i64", "i64"], result: SELDOM },
  /** Two numbers, a buffer, a number. */
  third: { name: "syscall", parameters: ["i64", "i64", "i64", "buffer", "i64"], result: SELDOM },
} as const satisfies Deno.ForeignLibraryInterface;

/** The opened functions. */
export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Bytes as FFI takes them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Tells `errno` of the call that has just failed; asked before anything else is called. */
export type ReadErrno = () => number;

/** What takes the place of a buffer where a call has none. */
export const NO_BYTES: Bytes = new Uint8Array(1);

/** The number that a function declared seldom has returned. */
export function intOf(struct: Uint8Array): number {
  return new DataView(struct.buffer, struct.byteOffset).getInt32(0, true);
}
