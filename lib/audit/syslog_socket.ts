import type { LogSink } from "./log_sinks.ts";
import { syslogMessage, type SyslogSource } from "./syslog.ts";
import { encodeName } from "../names.ts";
import { Errno } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import { whenWritable } from "./when_writable.ts";

/** The socket of the system's log. */
export const SYSLOG_PATH = "/dev/log";

type SocketCalls = Pick<Libc, "connectDatagram" | "send" | "poll" | "close">;

/**
 * Connects to syslog. The socket keeps working after the process has given up its rights to files;
 * if syslog is restarted, the socket reconnects, as far as that is still possible.
 *
 * @throws {Error} If no process listens there.
 */
export function openSyslog(libc: SocketCalls, path: string, source: SyslogSource): LogSink {
  const name = encodeName(path);
  return sinkOf(libc, { name, source, connected: connect(libc, name) });
}

/**
 * As {@linkcode openSyslog}, but returns nothing if no process listens. Most containers have no
 * syslog, and an exception at the start of every session would take half a millisecond.
 */
export function openSyslogIfThere(
  libc: SocketCalls,
  path: string,
  source: SyslogSource,
): LogSink | undefined {
  const name = encodeName(path);
  const connected = libc.connectDatagram(name);
  return connected < 0 ? undefined : sinkOf(libc, { name, source, connected });
}

function sinkOf(libc: SocketCalls, { name, source, connected }: {
  readonly name: Uint8Array;
  readonly source: SyslogSource;
  readonly connected: number;
}): LogSink {
  let socket = connected;
  const retry = whenWritable(libc);
  const send = (message: Uint8Array) => retry(socket, () => libc.send(socket, message));

  return (entry) => {
    const message = syslogMessage(source, entry);
    let result = send(message);
    if (result < 0 && result !== -Errno.EAGAIN) {
      const fresh = connect(libc, name);
      libc.close(socket);
      socket = fresh;
      result = send(message);
    }
    if (result < 0) throw syslogError(result);
  };
}

function connect(libc: SocketCalls, name: Uint8Array): number {
  const socket = libc.connectDatagram(name);
  if (socket < 0) throw syslogError(socket);
  return socket;
}

function syslogError(result: number): Error {
  return new Error(`syslog cannot be reached: system error ${-result}`);
}
