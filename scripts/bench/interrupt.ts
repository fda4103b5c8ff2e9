let hasCome = false;

/** From now on a signal ends the run at its next {@linkcode pause}, so that it cleans up. */
export function watchSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => hasCome = true);
  }
}

/**
 * Lets signal listeners run, which a running stage blocks.
 *
 * @throws {Error} If one has come.
 */
export async function pause(): Promise<void> {
  if (await wasInterrupted(1)) throw new Error("the run was interrupted");
}

/** Whether a signal has come, or comes in this time. */
export async function wasInterrupted(milliseconds: number): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return hasCome;
}
