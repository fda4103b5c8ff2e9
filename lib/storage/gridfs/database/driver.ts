/**
 * What MongoDB's driver would take from the process that it runs in, and what it misses there.
 *
 * @module
 */

import { subscribe } from "node:diagnostics_channel";
import { Socket } from "node:net";
import process from "node:process";

/** The real environment, however many connections are being made at once. */
const { env: ENVIRONMENT } = process;
let hiding = 0;

/**
 * Hides the environment until the result is disposed of. The driver would look for its own settings
 * in it: for example a log to stdout, which carries the protocol.
 */
export function hideEnvironment(): Disposable {
  hiding++;
  process.env = {};
  return {
    [Symbol.dispose]() {
      if (--hiding === 0) process.env = ENVIRONMENT;
    },
  };
}

/** Node's channel that announces each new socket of a client. */
const NEW_SOCKET = "net.client.socket";

let isReleasing = false;

/**
 * Wakes callers that wait for room in a socket that has closed. A write between a socket's end and
 * its close asks the writer to wait for `drain`, which then never comes; the driver checks that the
 * connection still exists when it does.
 */
export function releaseWriters(): void {
  if (isReleasing) return;
  isReleasing = true;
  subscribe(NEW_SOCKET, (message) => {
    if (typeof message !== "object" || message === null || !("socket" in message)) return;
    const { socket } = message;
    if (!(socket instanceof Socket)) return;
    // The driver learns of the close first.
    socket.once("close", () => queueMicrotask(() => socket.emit("drain")));
  });
}
