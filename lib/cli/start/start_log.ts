/**
 * What the subcommands that serve have in common before they serve.
 *
 * @module
 */

import { type Log, LogLevel } from "../../session/log.ts";
import { printError } from "../../transport/stdio.ts";
import type { SessionLog } from "./open_log.ts";
import { linesOf, type Ring } from "./rings.ts";
import { isFailedStart } from "../errors.ts";

const reported = new WeakSet<Error>();

/** Whether the log has this error already. */
export function isReported(error: unknown): boolean {
  return error instanceof Error && reported.has(error);
}

/** Why a session has not begun, or what broke it off, for a log. */
export function failureOf(error: unknown): string {
  return isFailedStart(error)
    ? `session not started: ${error.message}`
    : `session broken off by an error of this program: ${String(error)}`;
}

/**
 * Takes a step of the start, and also logs why the session cannot begin, or what broke it off: sshd
 * does not pass on the standard error of an SFTP session.
 *
 * @param log Returns the log; called only if there is something to write.
 */
export async function reportAndRethrow<T>(
  log: () => SessionLog,
  step: () => T | Promise<T>,
): Promise<T> {
  const onError = ({ error }: ErrorEvent) => log().report(failureOf(error));
  const onRejection = ({ reason }: PromiseRejectionEvent) => log().report(failureOf(reason));
  globalThis.addEventListener("error", onError);
  globalThis.addEventListener("unhandledrejection", onRejection);
  try {
    return await step();
  } catch (error) {
    log().report(failureOf(error));
    if (error instanceof Error) reported.add(error);
    throw error;
  } finally {
    globalThis.removeEventListener("error", onError);
    globalThis.removeEventListener("unhandledrejection", onRejection);
  }
}

/** Writes warnings to standard error and to the log; the session is served anyway. */
export function warn(log: Log, warnings: Iterable<string>): void {
  for (const warning of warnings) {
    printError(`sftpwrap: ${warning}\n`);
    log.write(LogLevel.ERROR, warning);
  }
}

/** Gives up what is no longer needed, and logs which rings hold from now on. */
export function enterConfinement(confinement: { enter(): readonly Ring[] }, log: Log): void {
  for (const { level, line } of linesOf(confinement.enter())) log.write(level, line);
}
