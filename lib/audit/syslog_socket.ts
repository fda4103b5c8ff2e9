import type { LogSink } from "./log_sinks.ts";
import { syslogMessage, type SyslogSource } from "./syslog.ts";
import { encodeName } from "../names.ts";
import { Errno } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import { Poll } from "../linux/linux.ts";
import { pollfd } from "../linux/structs.ts";

/** The socket of the system's log. */
export const SYSLOG_PATH = "/dev/log";

/** Milliseconds for which a line waits while the receiver is busy. */
const SEND_TIMEOUT_MS = 1000;

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
  let patience = SEND_TIMEOUT_MS;

  /**
   * Sends once the other side has room, or gives up when the timeout is over; returns 0 or more, or
   * `-errno`.
   */
  function send(message: Uint8Array): number {
    let result = libc.send(socket, message);
    if (result === -Errno.EAGAIN && libc.poll(pollfd(socket, Poll.OUT), patience) > 0) {
      result = libc.send(socket, message);
    }
    // After one timeout, no further line holds up the session.
    patience = result >= 0 ? SEND_TIMEOUT_MS : 0;
    return result;
  }

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
