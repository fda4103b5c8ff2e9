import { type Bytes, type ErrnoCopy, INT_SIZE, type Symbols } from "./libc_symbols.ts";
import { POLLFD_BYTES } from "./structs.ts";

/** Words as FFI takes them. */
type Words = Bytes | BigInt64Array<ArrayBuffer>;

/**
 * System calls by the shape of their arguments, matching the symbols. Each
 * returns the call's result or `-errno`, including `-EINTR`, and never throws.
 */
export interface SystemCalls {
  /** A number, two buffers, a number. */
  buffers(call: bigint, fd: number, first: Bytes | null, second: Words, last: bigint): number;
  /** A number, a buffer, numbers. */
  buffer(
    call: bigint,
    fd: number,
    bytes: Bytes,
    third?: bigint,
    fourth?: bigint,
    fifth?: bigint,
  ): number;
  /** Numbers alone. */
  numbers(
    call: bigint,
    first: number,
    second?: number,
    third?: number,
    fourth?: number,
  ): number;
  /** A number and a buffer, twice, and a number. */
  pairs(
    call: bigint,
    from: number,
    first: Words,
    to: number,
    second: Words,
    last?: number,
  ): number;
  /** A buffer, a number, a buffer. */
  around(call: bigint, first: Bytes, fd: number, second: Bytes): number;
  /** A buffer and numbers. */
  first(call: bigint, bytes: Bytes | null, second: number, third?: number): number;
  /** Two numbers, a buffer. */
  third(call: bigint, first: number, second: number, bytes: Bytes): number;
  /** Three numbers, a buffer and its length. */
  fourth(call: bigint, first: number, second: number, third: number, bytes: Bytes): number;
  /** poll(2), which is another system call on arm64. */
  poll(fds: Bytes, timeout: number): number;
}

/**
 * Makes {@linkcode SystemCalls} from the opened symbols.
 *
 * Each copies `errno` itself, immediately, for the reason given at
 * {@linkcode ErrnoCopy}: a shared function cannot do it.
 */
export function systemCalls(symbols: Symbols, errnoCopy: ErrnoCopy): SystemCalls {
  const { copy, location, errno } = errnoCopy;
  const number = new BigInt64Array(1);
  const numberBytes = new Uint8Array(number.buffer);

  /** Puts a call's number where rarely used symbols expect it; see {@linkcode SELDOM_NUMBER}. */
  function seldom(call: bigint): Bytes {
    number[0] = call;
    return numberBytes;
  }

  return {
    buffers(call, fd, first, second, last) {
      const result = symbols.buffers(call, fd, first, second, last);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    buffer(call, fd, bytes, third = 0n, fourth = 0n, fifth = 0n) {
      const result = symbols.buffer(call, fd, bytes, third, fourth, fifth, 0n);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    numbers(call, first, second = 0, third = 0, fourth = 0) {
      const name = seldom(call);
      const result = symbols.numbers(
        name,
        BigInt(first),
        BigInt(second),
        BigInt(third),
        BigInt(fourth),
        0n,
      );
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    pairs(call, from, first, to, second, last = 0) {
      const name = seldom(call);
      // The last argument is the flags of copy_file_range, which must be 0; the others ignore it.
      const result = symbols.pairs(name, from, first, to, second, BigInt(last), 0n);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    around(call, first, fd, second) {
      const name = seldom(call);
      const result = symbols.around(name, first, BigInt(fd), second);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    first(call, bytes, second, third = 0) {
      const name = seldom(call);
      const result = symbols.first(name, bytes, BigInt(second), BigInt(third));
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    third(call, first, second, bytes) {
      const name = seldom(call);
      const result = symbols.third(name, BigInt(first), BigInt(second), bytes, 0n);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    fourth(call, first, second, third, bytes) {
      const name = seldom(call);
      const result = symbols.fourth(
        name,
        BigInt(first),
        BigInt(second),
        BigInt(third),
        bytes,
        BigInt(bytes.length),
      );
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    poll(fds, timeout) {
      const count = seldom(BigInt(fds.length / POLLFD_BYTES));
      const result = symbols.poll(fds, count, timeout);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
  };
}
