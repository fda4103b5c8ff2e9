/** A command line that cannot be understood: prints one line and the usage, exit status 1. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A session that cannot begin: prints one line, exit status 1. */
export class StartError extends Error {
  override readonly name: string = "StartError";
}

/** A session that cannot begin, as standard error has been told already: exit status 1. */
export class ToldStartError extends StartError {
  override readonly name = "ToldStartError";
}

/** A session that cannot begin now, and could at another time: exit status 75. */
export class RefusedSession extends StartError {}

/** Whether an error says why a session cannot begin; any other is a bug. */
export function isFailedStart(error: unknown): error is UsageError | StartError {
  return error instanceof UsageError || error instanceof StartError;
}
