/** How long something is tried again that the system refuses for the moment. */
export interface Patience {
  /** From the first refusal to the last try. */
  readonly wholeMs: number;
  /** The longest pause between two tries; the first is of one millisecond, each other twice as long. */
  readonly longestPauseMs: number;
}

/**
 * For a file that another process has a lease on (Samba's oplocks, the delegations of the
 * system's NFS server). The system takes a lease away after 45 seconds (`fs.lease-break-time`),
 * the NFS server a delegation after 90 and what its clean-up takes.
 */
export const FOR_A_LEASE: Patience = { wholeMs: 120_000, longestPauseMs: 50 };

/** For renames that get in the way of a path's resolution, again and again. */
export const FOR_RENAMES: Patience = { wholeMs: 1_000, longestPauseMs: 1 };

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Tries as long as `isRefused` says so of the result, a pause before each try; returns the last result. */
export function tryAgain<T>(
  patience: Patience,
  attempt: () => T,
  isRefused: (result: T) => boolean,
): T {
  const end = performance.now() + patience.wholeMs;
  let pauseMs = 1;
  while (true) {
    // Nothing wakes it: this is a sleep.
    Atomics.wait(cell, 0, 0, pauseMs);
    const isLast = performance.now() >= end;
    const result = attempt();
    if (isLast || !isRefused(result)) return result;
    pauseMs = Math.min(pauseMs * 2, patience.longestPauseMs);
  }
}
