import { Errno } from "../errno.ts";
import { Open, SystemCall } from "./linux.ts";
import { type Bytes, intOf, NO_BYTES, type ReadErrno, type Symbols } from "./libc_symbols.ts";

const MSG_PEEK = 2n;
const MSG_DONTWAIT = 0x40n;
const SPLICE_F_NONBLOCK = 2;

/** Looking at what can be read. */
export interface PeekCalls {
  /**
   * Copies what can be read from a pipe or a socket, which it leaves there: how many bytes, 0 at the
   * end. -EAGAIN (-11) where there is nothing yet; -EINVAL (-22) for anything else.
   */
  peek(fd: number, into: Bytes): number;
}

/** Makes {@linkcode PeekCalls} of what was opened. */
export function peekCalls(symbols: Symbols, readErrno: ReadErrno): PeekCalls {
  const outcome = (result: number) => result === -1 ? -readErrno() : result;

  function buffer(call: bigint, fd: number, bytes: Bytes, length: number, flags = 0n): number {
    return outcome(symbols.buffer(call, fd, bytes, BigInt(length), flags, 0n));
  }

  /** tee(2) into a pipe of our own. */
  function peekPipe(fd: number, into: Bytes): number {
    const ends = new Int32Array(2);
    const made = outcome(
      intOf(symbols.first(SystemCall.pipe2, new Uint8Array(ends.buffer), BigInt(Open.CLOEXEC), 0n)),
    );
    if (made < 0) return made;
    const [output, input] = ends as unknown as readonly [number, number];
    try {
      const count = outcome(intOf(
        symbols.numbers(
          SystemCall.tee,
          BigInt(fd),
          BigInt(input),
          BigInt(into.length),
          BigInt(SPLICE_F_NONBLOCK),
          0n,
        ),
      ));
      return count <= 0 ? count : buffer(SystemCall.read, output, into, count);
    } finally {
      for (const end of [output, input]) buffer(SystemCall.close, end, NO_BYTES, 0);
    }
  }

  return {
    peek(fd, into) {
      const flags = MSG_PEEK | MSG_DONTWAIT;
      const count = buffer(SystemCall.recvfrom, fd, into, into.length, flags);
      return count === -Errno.ENOTSOCK ? peekPipe(fd, into) : count;
    },
  };
}
