/**
 * What the subcommands that serve have in common until they serve.
 *
 * @module
 */

import { type Log, LogLevel } from "../../session/log.ts";
import { printError } from "../../transport/stdio.ts";
import type { Ring } from "./rings.ts";
import { StartError } from "../errors.ts";

/**
 * Takes a step of the start, and writes why it cannot begin to the log as well: sshd shows nobody
 * what stands on standard error of an SFTP session.
 *
 * @param log Gives the log; asked only where there is something to tell.
 */
export async function orLogged<T>(log: () => Log, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof StartError) log().write(LogLevel.ERROR, error.message);
    throw error;
  }
}

/** Tells standard error and the log what is not as it should be, which is no reason not to serve. */
export function warn(log: Log, warnings: Iterable<string>): void {
  for (const warning of warnings) {
    printError(`sftpwrap: ${warning}\n`);
    log.write(LogLevel.ERROR, warning);
  }
}

/** Gives up what is not needed any more, and tells the log what holds from now on. */
export function enterConfinement(confinement: { enter(): readonly Ring[] }, log: Log): void {
  for (const { name, holds, text } of confinement.enter()) {
    const level = holds ? LogLevel.INFO : LogLevel.ERROR;
    log.write(level, `ring ${name} ${holds ? "holds" : "does not hold"}: ${text}`);
  }
}
