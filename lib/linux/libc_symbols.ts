/**
 * The functions of libc that are used, by C's types.
 *
 * Deno compiles a fast way into each function when it is opened, which costs a
 * quarter of a millisecond at the start of every session. Only what is called
 * all the time is worth that; the rest has its first argument in a struct, for
 * which Deno compiles none: see {@linkcode SELDOM_NUMBER}. Nearly everything
 * goes through `syscall`, once for each shape of arguments: numbers, and where
 * the buffers stand. A shape has at least as many arguments as any call that
 * goes through it: what is left out is not 0 but whatever lies there.
 *
 * A 64-bit argument takes a number or a bigint; only a bigint takes V8's fast
 * way into a library. Results are read as 32 bits: none is larger, and a
 * 64-bit one would be a bigint.
 *
 * @module
 */

/** A number in a struct of its own, which is passed as the number itself would be. */
const SELDOM_NUMBER = { struct: ["i64"] } as const;

/** What `Deno.dlopen` is given. */
export const SYMBOLS = {
  __errno_location: { parameters: [], result: { struct: ["u64"] } },
  /** Copies `errno`; see {@linkcode ErrnoCopy}. */
  copyErrno: { name: "memcpy", parameters: ["buffer", SELDOM_NUMBER, "usize"], result: "void" },

  /** A number, two buffers, a number: a name in a directory, and what it is to be or is told of it. */
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
 * How `errno` is read: `copy(errno, location, INT_SIZE)`, and then from `errno`,
 * where nothing changes it any more.
 *
 * V8 makes system calls of its own on this thread, and one that fails sets
 * `errno` as well. It makes them where it takes memory, compiles, enters a
 * function or returns from one of JavaScript's. So whoever calls a function of
 * the system copies `errno` in the same function, as the very next thing: a
 * comparison may stand between, and nothing else.
 */
export interface ErrnoCopy {
  /** memcpy(3) */
  readonly copy: Symbols["copyErrno"];
  /** Where this thread has its `errno`. */
  readonly location: Bytes;
  /** What was copied. */
  readonly errno: Int32Array<ArrayBuffer>;
}

/** Finds this thread's `errno`: a pointer cannot be looked through without the permission for FFI. */
export function errnoCopy(symbols: Symbols): ErrnoCopy {
  return {
    copy: symbols.copyErrno,
    location: symbols.__errno_location() as Bytes,
    errno: new Int32Array(1),
  };
}

/** What takes the place of a buffer where a call has none. */
export const NO_BYTES: Bytes = new Uint8Array(1);
