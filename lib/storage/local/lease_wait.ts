import type { MaybePromise } from "../../async/maybe_promise.ts";
import { StorageError } from "../errors.ts";

/**
 * How long to wait for a file that another process has a lease on (Samba's oplocks, the
 * delegations of the system's NFS server). The system takes a lease away after 45 seconds
 * (`fs.lease-break-time`), the NFS server a delegation after 90 plus the time of its clean-up.
 */
const LEASE_WAIT_MS = 120_000;

/**
 * The longest pause between two tries; the first pause is one millisecond, each further one twice
 * as long.
 */
const MAX_PAUSE_MS = 50;

/** How long to keep retrying while renames interfere with the resolution of a path. */
const RENAMES_WAIT_MS = 1_000;

/** Another process has a lease on a file, and has just been asked to give it back. */
export class LeaseHeld extends StorageError {
  /** An error to throw if a file cannot be opened yet. */
  constructor() {
    super("failure", "temporarily unavailable");
  }
}

export interface LeaseWait {
  /** Whether the waiting has been given up. */
  isOver(): boolean;
  /** How long to wait; if absent, as long as a lease can last. */
  readonly wholeMs?: number;
}

/**
 * Returns the result of `attempt`: immediately, or, if it finds a file on lease, as soon as that is
 * given back.
 */
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

/** Retries while `isRefused` is true of the result, for a second, with a pause before each try. */
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
