/**
 * What MongoDB's driver would take from the process that it runs in, and what it misses there.
 *
 * @module
 */

import { subscribe } from "node:diagnostics_channel";
import { Socket } from "node:net";
import process from "node:process";

/** The environment as it was, however many are just connecting. */
const { env: ENVIRONMENT } = process;
let hiding = 0;

/**
 * Hides the environment until what is returned is disposed of. The driver would
 * look for its own settings there: a log on stdout, for one, which is the wire.
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

/** Node's channel on which each new socket of a client is told. */
const NEW_SOCKET = "net.client.socket";

let isReleasing = false;

/**
 * Has whoever waits for room in a socket that has closed wait no longer. A
 * write between a socket's end and its close asks for patience until `drain`,
 * which then never comes; the driver looks whether the connection is still
 * there when it does.
 */
export function releaseWriters(): void {
  if (isReleasing) return;
  isReleasing = true;
  subscribe(NEW_SOCKET, (message) => {
    if (typeof message !== "object" || message === null || !("socket" in message)) return;
    const { socket } = message;
    if (!(socket instanceof Socket)) return;
    // The driver hears of the close first.
    socket.once("close", () => queueMicrotask(() => socket.emit("drain")));
  });
}
