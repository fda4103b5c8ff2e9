/** A command line that cannot be understood: prints one line and the usage, exit status 1. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A session that cannot begin: prints one line, exit status 1. */
export class StartError extends Error {
  override readonly name = "StartError";
}
