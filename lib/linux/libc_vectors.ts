import { type Bytes, type ErrnoCopy, INT_SIZE } from "./libc_symbols.ts";
import { POLLFD_BYTES } from "./structs.ts";

/** The most parts of one call; the rest waits for the next. */
const MAX_PARTS = 64;

/** A `struct iovec`, as words of eight bytes: a part's address and length. */
const IOVEC_WORDS = 2;

/**
 * In a `struct msghdr`, as words of eight bytes: the address of the array of parts, and their
 * number.
 */
const MSGHDR = { WORDS: 7, PARTS: 2, COUNT: 3 } as const;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * The functions of a session that moves bytes between its client and a child process. They are
 * opened separately, by the sessions that need them, because opening takes time.
 */
export const VECTOR_SYMBOLS = {
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  sched_yield: { parameters: [], result: "i32" },
  writev: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** Copies nothing, and returns the address of its first argument. */
  addressOf: { name: "memcpy", parameters: ["buffer", "buffer", "usize"], result: "usize" },
} as const satisfies Deno.ForeignLibraryInterface;

type VectorSymbols = Deno.DynamicLibrary<typeof VECTOR_SYMBOLS>["symbols"];

/** Frequent calls. Like the others they never throw, and return `-errno`. */
export interface VectorCalls {
  /** poll(2), like that of the other calls but faster. */
  poll(fds: Bytes, timeout: number): number;
  /** sched_yield(2): lets other processes that wait for the processor run first. */
  giveWay(): void;
  /** writev(2): bytes written, possibly fewer than given. */
  writev(fd: number, parts: readonly Uint8Array[]): number;
  /**
   * sendmsg(2) with MSG_DONTWAIT and MSG_NOSIGNAL: bytes sent; -EAGAIN (-11) if there is no room.
   */
  sendv(fd: number, parts: readonly Uint8Array[]): number;
}

/** Makes {@linkcode VectorCalls} from the opened symbols. */
export function vectorCalls(symbols: VectorSymbols, errnoCopy: ErrnoCopy): VectorCalls {
  const { copy, location, errno } = errnoCopy;
  const words = new BigUint64Array(MAX_PARTS * IOVEC_WORDS);
  const vectors = new Uint8Array(words.buffer);
  const header = new BigUint64Array(MSGHDR.WORDS);
  const message = new Uint8Array(header.buffer);
  header[MSGHDR.PARTS] = addressOf(vectors);
  /** A buffer's address does not change as long as the buffer is referenced. */
  const addresses = new WeakMap<ArrayBufferLike, bigint>();

  function addressOf(bytes: Bytes): bigint {
    return symbols.addressOf(bytes, bytes, 0n);
  }

  function startOf(buffer: ArrayBufferLike): bigint {
    let start = addresses.get(buffer);
    if (start === undefined) {
      start = addressOf(new Uint8Array(buffer as ArrayBuffer));
      addresses.set(buffer, start);
    }
    return start;
  }

  /** Lists the parts, and returns how many it listed. */
  function list(parts: readonly Uint8Array[]): number {
    const count = Math.min(parts.length, MAX_PARTS);
    for (let index = 0; index < count; index++) {
      const part = parts[index]!;
      words[index * IOVEC_WORDS] = startOf(part.buffer) + BigInt(part.byteOffset);
      words[index * IOVEC_WORDS + 1] = BigInt(part.length);
    }
    return count;
  }

  return {
    poll(fds, timeout) {
      const result = symbols.poll(fds, BigInt(fds.length / POLLFD_BYTES), timeout);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    giveWay: () => void symbols.sched_yield(),
    writev(fd, parts) {
      const count = list(parts);
      const result = symbols.writev(fd, vectors, count);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
    sendv(fd, parts) {
      header[MSGHDR.COUNT] = BigInt(list(parts));
      const result = symbols.sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (result !== -1) return result;
      copy(errno, location, INT_SIZE);
      return -errno[0]!;
    },
  };
}
