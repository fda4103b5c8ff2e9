/**
 * Ends a process that does not end by itself, whatever it is doing: timers of the system whose
 * signals are not handled.
 *
 * @module
 */

import { type Libc, openLibcIfAllowed } from "../../linux/libc.ts";

/** Milliseconds that a session has to end by itself after its time limit. */
const END_GRACE_MS = 10_000;

/** Milliseconds of CPU time without a heartbeat: no piece of work takes that long. */
const SILENT_CPU_MS = 120_000;

/** How long a process may run. */
export interface BackstopOptions {
  /** Milliseconds after which the session should have ended; unlimited if absent. */
  readonly maxSession?: number | undefined;
  readonly endGrace?: number;
  readonly silentCpu?: number;
}

/**
 * Arms the timers: one for the time limit of a session, and one that runs only while this process
 * uses the CPU, as an endless loop does.
 *
 * @returns A function that resets the second timer each time it is called; undefined if no timer can
 *   be armed.
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
