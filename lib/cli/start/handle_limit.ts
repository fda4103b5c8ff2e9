/** A handle is a number of four bytes, and none comes back. */
const MAX_HANDLES = 2 ** 32;

/** Descriptors that handles leave free: Deno's own, the log's, and what a look at a path opens. */
const RESERVED_DESCRIPTORS = 32;

/**
 * How many handles a jail may give out: as many as there are descriptors for, so that with all of
 * them open a path can still be looked at. It is a limit that is told (`limits@openssh.com`)
 * instead of one that is run into.
 *
 * @param descriptors How many may be open (RLIMIT_NOFILE); negative where that cannot be told.
 * @returns The limit; undefined where it cannot be told.
 */
export function handleLimit(descriptors: number): number | undefined {
  if (descriptors < 0) return undefined;
  return Math.max(1, Math.min(MAX_HANDLES, descriptors - RESERVED_DESCRIPTORS));
}
