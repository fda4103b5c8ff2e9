/**
 * What ends a process that does not end by itself, whatever it is at: timers of the system, whose
 * signals nobody handles.
 *
 * @module
 */

import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";

/** Time that a session has to end by itself when its longest time is over. */
const END_GRACE_MS = 10_000;

/** Time on the CPU without a heartbeat: no piece of work is so long. */
const SILENT_CPU_MS = 120_000;

/** How long a process may be. */
export interface BackstopOptions {
  /** Milliseconds after which the session should have ended; without end where absent. */
  readonly maxSession?: number | undefined;
  readonly endGrace?: number;
  readonly silentCpu?: number;
}

/**
 * Arms the timers: one for the longest time of a session, and one that runs only while this process
 * uses the CPU, as it does in a loop without end.
 *
 * @returns Sets the second one back, as often as it is called; undefined where nothing can be armed.
 */
export function armBackstop(
  { maxSession, endGrace = END_GRACE_MS, silentCpu = SILENT_CPU_MS }: BackstopOptions,
  open: () => Pick<Libc, "setTimer"> | undefined = openLibcIfAllowed,
): (() => void) | undefined {
  const libc = open();
  if (libc === undefined) return undefined;
  if (maxSession !== undefined) libc.setTimer("real", maxSession + endGrace);
  const alive = () => void libc.setTimer("cpu", silentCpu);
  alive();
  return alive;
}
