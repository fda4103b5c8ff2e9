/**
 * Options of connections for tests: nothing of this machine's user counts in them.
 *
 * @module
 */

import type { ConnectOptions } from "../../../../lib/storage/proxy/connection_options.ts";

/** Options and what has been logged under them. */
export interface Recorded {
  readonly options: ConnectOptions;
  /** The lines of the log so far. */
  readonly log: readonly string[];
}

/** Options for a host, by ssh2, of a user without a home, without any configuration. */
export function recorded(
  options: Partial<ConnectOptions> & Pick<ConnectOptions, "host">,
): Recorded {
  const log: string[] = [];
  return {
    log,
    options: {
      transport: "ssh2",
      agent: false,
      sshConfig: "none",
      environment: { user: "nobody" },
      ...options,
      log: (_level, line) => {
        log.push(line);
      },
    },
  };
}
