import { printError } from "../stdio.ts";

/** A command line that cannot be understood: one line, the usage, exit status 1. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A session that cannot begin: one line, exit status 1. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** What an error says, in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Runs a subcommand, and returns its exit status: 1 where the command line cannot be understood or
 * the session cannot begin, which standard error is told. What else is thrown is a bug, and passes.
 *
 * @param usage How to call the subcommand, in one line.
 */
export async function orTold(usage: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UsageError) printError(`sftpwrap: ${error.message}\n${usage}\n`);
    else if (error instanceof StartError) printError(`sftpwrap: ${error.message}\n`);
    else throw error;
    return 1;
  }
}
