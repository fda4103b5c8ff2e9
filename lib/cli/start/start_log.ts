/**
 * What the subcommands that serve have in common before they serve.
 *
 * @module
 */

import { type Log, LogLevel } from "../../session/log.ts";
import { printError } from "../../transport/stdio.ts";
import { linesOf, type Ring } from "./rings.ts";
import { StartError } from "../errors.ts";

/**
 * Takes a step of the start, and also logs why the session cannot begin: sshd does not pass on
 * the standard error of an SFTP session.
 *
 * @param log Returns the log; called only if there is something to write.
 */
export async function orLogged<T>(log: () => Log, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof StartError) log().write(LogLevel.ERROR, error.message);
    throw error;
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
