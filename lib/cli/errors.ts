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
