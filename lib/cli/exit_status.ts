import { escapeControls } from "../audit/log_text.ts";
import { printError } from "../transport/stdio.ts";
import { isFailedStart, RefusedSession, ToldStartError, UsageError } from "./errors.ts";

/** EX_TEMPFAIL of sysexits.h: the same may work later. */
const REFUSED_EXIT_STATUS = 75;

/** What is run, for the report of its failure. */
export interface Attempt {
  /** Its usage, in one line. */
  readonly usage: string;
  /** Tells others than the caller; absent if no session fails with it. */
  readonly report?: ((error: unknown) => void | Promise<void>) | undefined;
}

/**
 * Runs something, and returns its exit status: 1 if the command line cannot be understood, the
 * session cannot begin, or this program has a bug, which is reported on standard error; 75 if there
 * are too many sessions already.
 */
export async function exitStatusOf(
  { usage, report }: Attempt,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    // The text may come from the other side, and a terminal will show it.
    if (!isFailedStart(error)) {
      printError(`sftpwrap: ${error instanceof Error ? error.stack : String(error)}\n`);
    } else if (!(error instanceof ToldStartError)) {
      printError(`sftpwrap: ${escapeControls(error.message)}\n`);
    }
    if (error instanceof UsageError) printError(`${usage}\n`);
    await report?.(error);
    return error instanceof RefusedSession ? REFUSED_EXIT_STATUS : 1;
  }
}
