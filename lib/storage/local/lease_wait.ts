import type { MaybePromise } from "../../async/maybe_promise.ts";
import { StorageError } from "../errors.ts";

/**
 * How long a file is waited for that another process has on lease (Samba's oplocks, the
 * delegations of the system's NFS server). The system takes a lease away after 45 seconds
 * (`fs.lease-break-time`), the NFS server a delegation after 90 and what its clean-up takes.
 */
const LEASE_WAIT_MS = 120_000;

/** The longest pause between two tries; the first is of one millisecond, each other twice as long. */
const MAX_PAUSE_MS = 50;

/** How long renames may get in the way of a path's resolution, again and again. */
const RENAMES_WAIT_MS = 1_000;

/** A file is on lease to another process, which has been asked now to give it back. */
export class LeaseHeld extends StorageError {
  /** An error to throw where a file cannot be opened for now. */
  constructor() {
    super("failure", "temporarily unavailable");
  }
}

/** What is waited for. */
export interface LeaseWait {
  /** Whether nobody waits for it any more. */
  isOver(): boolean;
  /** How long it is waited for; as long as a lease can last where absent. */
  readonly wholeMs?: number;
}

/** What `attempt` gives: at once, or where it finds a file on lease as coalesce as that is given back. */
export function whenFree<T>(attempt: () => T, wait: LeaseWait): MaybePromise<T> {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof LeaseHeld)) throw error;
    return tryAgain(attempt, wait);
  }
}

async function tryAgain<T>(
  attempt: () => T,
  { isOver, wholeMs = LEASE_WAIT_MS }: LeaseWait,
): Promise<T> {
  const end = performance.now() + wholeMs;
  for (let pauseMs = 1;; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (isOver()) throw new LeaseHeld();
    const isLast = performance.now() >= end;
    try {
      return attempt();
    } catch (error) {
      if (isLast || !(error instanceof LeaseHeld)) throw error;
    }
  }
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Tries as long as `isRefused` says so of the result, for a second, with a pause before each try. */
export function tryBesideRenames<T>(attempt: () => T, isRefused: (result: T) => boolean): T {
  const end = performance.now() + RENAMES_WAIT_MS;
  while (true) {
    // Nothing wakes it: this is a sleep.
    Atomics.wait(cell, 0, 0, 1);
    const isLast = performance.now() >= end;
    const result = attempt();
    if (isLast || !isRefused(result)) return result;
  }
}
