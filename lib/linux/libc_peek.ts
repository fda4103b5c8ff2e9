import { Errno } from "./errno.ts";
import { Open, SystemCall } from "./linux.ts";
import type { SystemCalls } from "./libc_calls.ts";
import { type Bytes, NO_BYTES } from "./libc_symbols.ts";

const MSG_PEEK = 2n;
const MSG_DONTWAIT = 0x40n;
const SPLICE_F_NONBLOCK = 2;

/** Looking at input without consuming it. */
export interface PeekCalls {
  /**
   * Copies what can be read from a pipe or a socket without consuming it. Returns the number of
   * bytes, 0 at the end; -EAGAIN (-11) if there is nothing yet; -EINVAL (-22) for any other file.
   */
  peek(fd: number, into: Bytes): number;
}

/** Makes {@linkcode PeekCalls} from the system's calls. */
export function peekCalls({ buffer, first, numbers }: SystemCalls): PeekCalls {
  /** Peeks at a pipe by tee(2) into another one. */
  function peekPipe(fd: number, into: Bytes): number {
    const ends = new Int32Array(2);
    const made = first(SystemCall.pipe2, new Uint8Array(ends.buffer), Open.CLOEXEC);
    if (made < 0) return made;
    const [output, input] = ends as unknown as readonly [number, number];
    try {
      const count = numbers(SystemCall.tee, fd, input, into.length, SPLICE_F_NONBLOCK);
      return count <= 0 ? count : buffer(SystemCall.read, output, into, BigInt(count));
    } finally {
      for (const end of [output, input]) buffer(SystemCall.close, end, NO_BYTES);
    }
  }

  return {
    peek(fd, into) {
      const flags = MSG_PEEK | MSG_DONTWAIT;
      const count = buffer(SystemCall.recvfrom, fd, into, BigInt(into.length), flags);
      return count === -Errno.ENOTSOCK ? peekPipe(fd, into) : count;
    },
  };
}
