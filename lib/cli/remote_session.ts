/**
 * How a session begins that serves files of another machine: `proxy`, `gridfs` and `s3`.
 *
 * @module
 */

import type { Log } from "../session/log.ts";
import type { SessionFacts } from "../session/observer.ts";
import type { ServingOptions } from "./options/serving_options.ts";
import { withLogFile } from "./options/tokens.ts";
import { howStarted, type Identity, identity, sessionFacts } from "./start/host.ts";
import { openLog } from "./start/open_log.ts";
import { awaitSftp, requireSftp, warnIfUnforced } from "./start/require_sftp.ts";
import { reportAndRethrow } from "./start/start_log.ts";

/** A session that has begun, and is not connected yet. */
export interface BegunSession<Options> {
  /** The options, with the tokens of the log file's path expanded. */
  readonly options: Options;
  readonly who: Identity;
  readonly session: SessionFacts;
  readonly log: Log;
}

/**
 * Waits until a client wants SFTP, opens the log, and runs the session. What fails from then on is
 * in the log too.
 *
 * @param parsed With `check`, nothing waits for a client.
 * @param run Returns the exit status.
 */
export async function runRemoteSession<
  Options extends ServingOptions & { readonly check?: boolean },
>(
  parsed: Options,
  run: (begun: BegunSession<Options>) => Promise<number>,
): Promise<number> {
  const start = parsed.check === true ? undefined : howStarted();
  if (start !== undefined) {
    requireSftp(start);
    awaitSftp(start);
  }
  const who = identity();
  const options = withLogFile(parsed, who);
  const session = sessionFacts(who.user);
  const log = openLog(options, session);
  if (start !== undefined) warnIfUnforced(start, log);
  return await reportAndRethrow(() => log, () => run({ options, who, session, log }));
}
