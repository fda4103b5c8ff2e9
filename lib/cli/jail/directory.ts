import { messageOf } from "../../message_of.ts";
import { StartError } from "../errors.ts";
import { containmentOf } from "./containment.ts";

/**
 * The directory's real path, if Deno's flags allow reading it.
 *
 * @throws {StartError} If it does not exist, or is not a directory.
 */
export function realDirectory(directory: string): string {
  try {
    const real = Deno.realPathSync(directory);
    if (!Deno.lstatSync(real).isDirectory) throw new StartError(`${directory} is not a directory`);
    return real;
  } catch (error) {
    if (error instanceof StartError) throw error;
    if (error instanceof Deno.errors.NotFound) throw new StartError(`${directory} does not exist`);
    throw new StartError(`${directory} cannot be used: ${messageOf(error)}`);
  }
}

/** The reason why a client of a jail in `directory` could change its own log, or nothing. */
export function logWithin(directory: string, logFile: string | undefined): string | undefined {
  const within = logFile !== undefined && containmentOf(directory).holds(logFile);
  return within ? "it holds the log file" : undefined;
}
