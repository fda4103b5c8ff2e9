/** A command line that cannot be understood: prints one line and the usage, exit status 1. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A session that cannot begin: prints one line, exit status 1. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** An error's message, in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
