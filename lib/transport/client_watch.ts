import type { Libc } from "../linux/libc.ts";
import { PollSet } from "./reactor/poll_set.ts";

const STDOUT = 1;

/** Milliseconds between two looks at whether the client is still there. */
const INTERVAL_MS = 2000;

/** Milliseconds that a session has to end by itself, once the client has gone. */
const END_GRACE_MS = 10_000;

/**
 * Tells when the client has gone and its session is still there after a while, because it waits for
 * another side that says nothing. The end of standard input would tell less: what was asked before
 * it may still be waited for. So it is standard output that is looked at: nobody can read it then.
 *
 * @param onAlone Called once, unless the process has ended before.
 */
export function onClientGone(
  libc: Pick<Libc, "poll">,
  onAlone: () => void,
  { interval = INTERVAL_MS, patience = END_GRACE_MS } = {},
): void {
  // Nothing is asked for: that the other end is closed, poll(2) tells by itself.
  const output = new PollSet([{ fd: STDOUT, events: 0, isWaiting: true }]);
  const timer = setInterval(() => {
    output.ask();
    if (libc.poll(output.fds, 0) <= 0) return;
    clearInterval(timer);
    setTimeout(onAlone, patience);
  }, interval);
}
