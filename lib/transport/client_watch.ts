import type { Libc } from "../linux/libc.ts";
import { PollSet } from "./reactor/poll_set.ts";

const STDOUT = 1;

/** Milliseconds between two checks of whether the client is still connected. */
const INTERVAL_MS = 2000;

/** Milliseconds that a session has to end by itself after the client has disconnected. */
const END_GRACE_MS = 10_000;

/**
 * Detects that the client has disconnected but its session has not ended after a while, because it
 * waits for a far side that does not answer. The end of standard input is not enough: the client
 * may still wait for replies. So this checks whether the other end of standard output is closed.
 *
 * @param onAlone Called once, unless the process ends earlier.
 */
export function onClientGone(
  libc: Pick<Libc, "poll">,
  onAlone: () => void,
  { interval = INTERVAL_MS, patience = END_GRACE_MS } = {},
): void {
  // No event is requested: poll(2) always reports that the other end is closed.
  const output = new PollSet([{ fd: STDOUT, events: 0, isWaiting: true }]);
  const timer = setInterval(() => {
    output.ask();
    if (libc.poll(output.fds, 0) <= 0) return;
    clearInterval(timer);
    setTimeout(onAlone, patience);
  }, interval);
}
