import type { DirectChannel, Sink, Source } from "../client/channel.ts";
import type { Connected } from "../storage/proxy/connection_options.ts";
import type { Transport } from "../stdio.ts";
import { Errno } from "../storage/errno.ts";
import type { Libc } from "../storage/local/libc.ts";
import { PipeReactor, type ReactorCalls, type ReadNow, type SendNow } from "./pipe_reactor.ts";

const STDIN = 0;
const STDOUT = 1;

/** Bytes that are read at once. */
const BUFFER_LENGTH = 256 * 1024;

/** What a pipe holds unless somebody asks for more. */
const USUAL_SIZE = 64 * 1024;

/** What a busy pipe is made to hold; where the account has no more, the system refuses. */
const WIDE = 1024 * 1024;

type PipeCalls =
  & ReactorCalls
  & Pick<Libc, "read" | "write" | "close" | "openPipeTo" | "pipeSize" | "setPipeSize">;

/** A session's two sides, moved by one reactor. */
export interface DirectStreams {
  /** The way to the far side. */
  readonly channel: DirectChannel;
  /** The client's side. */
  readonly transport: Transport;
}

/**
 * Takes the pipes of a child process out of Deno's hands, which then never reads or writes them.
 *
 * @param transport The client's streams, with polling.
 * @returns Undefined where that cannot be done, as where there is no /proc.
 */
export function directStreams(
  { channel, pid }: Pick<Connected, "channel" | "pid">,
  transport: Transport,
  libc: PipeCalls,
): DirectStreams | undefined {
  const { polling } = transport;
  if (pid === undefined || polling === undefined) return undefined;
  const output = libc.openPipeTo(pid, STDIN);
  const input = libc.openPipeTo(pid, STDOUT);
  if (output < 0 || input < 0) {
    for (const fd of [output, input]) if (fd >= 0) libc.close(fd);
    return undefined;
  }
  const reactor = new PipeReactor(libc);
  const stdin = reactor.reader(STDIN, (into) => transport.readSync(into));
  const isPipe = libc.pipeSize(STDOUT) > 0;
  const widen = widener(libc, STDOUT);
  const stdout = reactor.writer(STDOUT, {
    isPipe,
    sendNow: (bytes) => {
      const count = polling.trySend(bytes);
      if (isPipe && count < bytes.length) widen();
      return count;
    },
  });
  return {
    channel: { source: source(reactor, input), sink: sink(reactor, output) },
    transport: { ...transport, read: stdin.read, write: stdout.write },
  };

  function source(reactor: PipeReactor, fd: number): Source {
    const reader = reactor.reader(fd, readPipe(libc, fd));
    const buffer = new Uint8Array(BUFFER_LENGTH);
    return {
      async read(into = buffer) {
        const count = await reader.read(into);
        return count === null ? undefined : into.subarray(0, count);
      },
      cancel: once(() => {
        reader.stop();
        libc.close(fd);
        return channel.readable.cancel();
      }),
    };
  }

  function sink(reactor: PipeReactor, fd: number): Sink {
    const writer = reactor.writer(fd, { isPipe: true, sendNow: writePipe(libc, fd) });
    const hangUp = once(() => {
      writer.stop(new Error("the connection was closed"));
      libc.close(fd);
      return channel.writable.close();
    });
    return { write: writer.write, close: hangUp, abort: hangUp };
  }
}

function readPipe(libc: PipeCalls, fd: number): ReadNow {
  const widen = widener(libc, fd);
  return (into) => {
    const count = libc.read(fd, into);
    if (count >= USUAL_SIZE) widen();
    if (count > 0) return count;
    if (count === 0) return null;
    if (count === -Errno.EAGAIN || count === -Errno.EINTR) return undefined;
    throw new Error(`read failed with system error ${-count}`);
  };
}

function writePipe(libc: PipeCalls, fd: number): SendNow {
  const widen = widener(libc, fd);
  return (bytes) => {
    const count = libc.write(fd, bytes);
    if (count < bytes.length) widen();
    if (count >= 0) return count;
    if (count === -Errno.EAGAIN || count === -Errno.EINTR) return 0;
    if (count === -Errno.EPIPE) throw new Error("the other side hung up");
    throw new Error(`write failed with system error ${-count}`);
  };
}

/** Makes room in a pipe that has been found full, the first time. */
function widener(libc: PipeCalls, fd: number): () => void {
  return once(() => {
    libc.setPipeSize(fd, WIDE);
  });
}

function once<T>(act: () => T): () => T {
  let done: { readonly result: T } | undefined;
  return () => (done ??= { result: act() }).result;
}
