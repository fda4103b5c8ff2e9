import type { Channel, DirectChannel, Sink, Source } from "../../client/channel.ts";
import type { Polling, Transport } from "../stdio.ts";
import { BUSY_OUTPUT_BYTES, DEFAULT_PIPE_BYTES, widener } from "../stdio_pipe.ts";
import { streamError } from "../poller.ts";
import { Errno } from "../../linux/errno.ts";
import type { Libc, VectorCalls } from "../../linux/libc.ts";
import type { ReadNow, SendNow } from "./pipe_ends.ts";
import { PipeReactor } from "./pipe_reactor.ts";

const STDIN = 0;
const STDOUT = 1;

/** Bytes of one read if the caller gives no buffer. */
const BUFFER_BYTES = 32 * 1024;

type PipeCalls = Pick<
  Libc,
  | "read"
  | "close"
  | "openPipeTo"
  | "reopenPipe"
  | "pipeSize"
  | "setPipeSize"
  | "pollElsewhere"
  | "openVectors"
>;

/** A session's two sides, driven by one reactor. */
export interface DirectStreams {
  /** The way to the far side. */
  readonly channel: DirectChannel;
  /** The client's side. */
  readonly transport: Transport;
}

/**
 * Takes over the pipes of a child process; Deno itself no longer reads or writes them.
 *
 * @param channel The process's standard input and output, with its `pid`.
 * @param transport The client's streams, with polling.
 * @returns Undefined if that is impossible, for example without /proc.
 */
export function directStreams(
  channel: Channel,
  transport: Transport,
  libc: PipeCalls,
): DirectStreams | undefined {
  const { pid } = channel;
  if (pid === undefined || transport.polling === undefined) return undefined;
  const output = libc.openPipeTo(pid, STDIN);
  const input = libc.openPipeTo(pid, STDOUT);
  if (output < 0 || input < 0) {
    for (const fd of [output, input]) if (fd >= 0) libc.close(fd);
    return undefined;
  }
  const vectors = libc.openVectors();
  const { poll, giveWay } = vectors;
  const reactor = new PipeReactor({
    poll,
    giveWay,
    pollElsewhere: libc.pollElsewhere,
    now: () => performance.now(),
  });
  return {
    channel: { source: source(), sink: sink() },
    transport: clientSide(reactor, transport, { libc, vectors, polling: transport.polling }),
  };

  function source(): Source {
    const reader = reactor.reader(input, "child", readPipe(libc, input));
    const buffer = new Uint8Array(BUFFER_BYTES);
    return {
      async read(into = buffer) {
        const count = await reader.read(into);
        return count === null ? undefined : into.subarray(0, count);
      },
      cancel: once(() => {
        reader.stop();
        libc.close(input);
        return channel.readable.cancel();
      }),
    };
  }

  function sink(): Sink {
    const writer = reactor.writer(output, {
      sendNow: sendingNow(
        (parts) => vectors.writev(output, parts),
        (count) =>
          count === -Errno.EPIPE
            ? new Error("the other side hung up")
            : streamError("write", count),
      ),
      isWide: widener(libc, output, BUSY_OUTPUT_BYTES),
    });
    const hangUp = once(() => {
      writer.stop(new Error("the connection was closed"));
      libc.close(output);
      return channel.writable.close();
    });
    return {
      write: (chunk) => writer.write([chunk]),
      writeAll: writer.write,
      close: hangUp,
      abort: hangUp,
    };
  }
}

/** The same standard input and output, read and written in the reactor's turns. */
function clientSide(
  reactor: PipeReactor,
  transport: Transport,
  { libc, vectors, polling }: {
    readonly libc: PipeCalls;
    readonly vectors: VectorCalls;
    readonly polling: Polling;
  },
): Transport {
  const stdin = reactor.reader(STDIN, "client", (into) => transport.readSync(into));
  const isPipe = libc.pipeSize(STDOUT) > 0;
  const own = isPipe ? libc.reopenPipe(STDOUT) : STDOUT;
  const send: SendNow = isPipe
    ? (parts) => vectors.writev(own, parts)
    : (parts) => vectors.sendv(own, parts);
  const takesParts = own >= 0 && send([new Uint8Array(0)]) === 0;
  const stdout = reactor.writer(STDOUT, {
    sendNow: sendingNow(
      takesParts ? send : ([first]) => polling.trySend(first!),
      (count) => streamError("write", count),
    ),
    isWide: isPipe ? widener(libc, STDOUT, BUSY_OUTPUT_BYTES) : () => false,
  });
  return {
    ...transport,
    read: stdin.read,
    write: (bytes) => stdout.write([bytes]),
    writeAll: stdout.write,
  };
}

function readPipe(libc: PipeCalls, fd: number): ReadNow {
  const widen = widener(libc, fd, BUSY_OUTPUT_BYTES);
  return (into) => {
    const count = libc.read(fd, into);
    if (count >= DEFAULT_PIPE_BYTES) widen();
    if (count > 0) return count;
    if (count === 0) return null;
    if (count === -Errno.EAGAIN || count === -Errno.EINTR) return undefined;
    throw new Error(`read failed with system error ${-count}`);
  };
}

/** Sends what can be sent; `failure` makes the error of a failed call from its result. */
function sendingNow(send: SendNow, failure: (count: number) => Error): SendNow {
  return (parts) => {
    const count = send(parts);
    if (count >= 0) return count;
    if (count === -Errno.EAGAIN || count === -Errno.EINTR) return 0;
    throw failure(count);
  };
}

function once<T>(act: () => T): () => T {
  let done: { readonly result: T } | undefined;
  return () => (done ??= { result: act() }).result;
}
