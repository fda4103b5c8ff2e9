/** Handles at most, however many descriptors there are: what OpenSSH's server has under the usual 1024. */
const MOST = 1019;

/** Descriptors that handles leave free: Deno's own, the log's, and what a look at a path opens. */
const RESERVED = 32;

/**
 * How many handles a jail may give out, so that with all of them open a path can still be looked
 * at: a limit that is told (`limits@openssh.com`) instead of one that is run into.
 *
 * @param descriptors How many may be open (RLIMIT_NOFILE); negative where that cannot be told.
 * @returns The limit; undefined where it cannot be told.
 */
export function handleLimit(descriptors: number): number | undefined {
  if (descriptors < 0) return undefined;
  return Math.max(1, Math.min(MOST, descriptors - RESERVED));
}
