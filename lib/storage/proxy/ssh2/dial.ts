import { messageOf } from "../../../message_of.ts";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ConnectError } from "../connection_options.ts";
import { Deadline } from "./deadline.ts";
import { BatchingSocket } from "./batching_socket.ts";
import type { Target } from "../config/target.ts";

/** The system's errors in words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "the name is not known",
  EAI_AGAIN: "the name cannot be looked up now",
  EAI_NODATA: "the name has no address",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
  ETIMEDOUT: "the connection timed out",
  // Some versions of Deno leave out the interface of an address.
  EINVAL: "the address cannot be reached from here: use --transport=openssh",
  EADDRNOTAVAIL: "the address to bind to is not this machine's",
};

/** A connection to a host that is being opened. */
export interface Dialing {
  readonly socket: Promise<Duplex>;
  readonly deadline: Deadline;
}

/** A connection that others can go through. */
export interface Way {
  /** Opens a channel through it to another host. */
  forward(target: Target): Promise<Duplex>;
}

/** Begins to open a TCP connection, or a channel through another connection. */
export function startDialing(target: Target, via: Way | undefined): Dialing {
  const deadline = new Deadline();
  deadline.set(target.connectTimeout, "timed out while connecting");
  const socket: Promise<Duplex> = via === undefined
    ? dial(target, deadline.signal)
    : deadline.race(via.forward(target));
  // The failure is handled where the socket is awaited.
  socket.catch(() => undefined);
  return { socket, deadline };
}

/**
 * Opens a TCP connection.
 *
 * @param signal Aborts the attempt; its reason is thrown.
 * @throws {ConnectError} If there is no connection.
 */
function dial(
  target: Pick<Target, "hostName" | "port" | "family" | "localAddress">,
  signal: AbortSignal,
): Promise<Socket> {
  const { hostName: host, port, family, localAddress } = target;
  return new Promise((resolve, reject) => {
    const socket = new BatchingSocket();
    // Deno 2.6 reads twice at the same time, and mixes up the results, if a socket that is
    // already reading is paused and resumed, as ssh2 does.
    socket.pause();
    const giveUp = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp);
    socket.once("connect", () => {
      signal.removeEventListener("abort", giveUp);
      socket.removeListener("error", fail);
      // Otherwise every request would wait for the acknowledgement of the one before it.
      socket.setNoDelay(true);
      socket.setKeepAlive(true);
      resolve(socket);
    });
    socket.once("error", fail);
    socket.connect({
      host,
      port,
      family,
      ...(localAddress === undefined ? {} : { localAddress }),
    });

    function fail(error: Error): void {
      signal.removeEventListener("abort", giveUp);
      reject(new ConnectError(reasonOf(error)));
    }
  });
}

/** What ssh2 says about a host that hangs up at once. */
const EARLY_END = "Connection lost before handshake";
const EARLY_END_REASON = "the host hung up before it showed its key, " +
  "as sshd does where too many log in at once (MaxStartups)";

/** An error of the network in words. */
export function reasonOf(error: Error): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && "code" in first ? String(first.code) : "";
  const message = messageOf(first);
  return REASONS[code] ?? (message === EARLY_END ? EARLY_END_REASON : message);
}
