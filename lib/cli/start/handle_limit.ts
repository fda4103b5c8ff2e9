/** A handle is a number of four bytes, and no number is used twice. */
const MAX_HANDLES = 2 ** 32;

/** Descriptors that handles leave free: Deno's own, the log's, and those that looking up a path opens. */
const RESERVED_DESCRIPTORS = 32;

/**
 * How many handles a jail may give out: as many as there are descriptors for, so that a path can
 * still be looked up while all of them are open. The client is told this limit
 * (`limits@openssh.com`) instead of running into it.
 *
 * @param descriptors How many may be open (RLIMIT_NOFILE); negative if unknown.
 * @returns The limit; undefined if unknown.
 */
export function handleLimit(descriptors: number): number | undefined {
  if (descriptors < 0) return undefined;
  return Math.max(1, Math.min(MAX_HANDLES, descriptors - RESERVED_DESCRIPTORS));
}
