const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** The exit status of a run that somebody ended. */
export const INTERRUPTED_EXIT_STATUS = 130;

/** Somebody wants the run to end. */
export class Interruption extends Error {
  override readonly name = "Interruption";
}

/** Watches for the wish to end. */
export interface Watch {
  /** Whether a signal has come. */
  came(): boolean;
  /**
   * Lets signals come in: nothing else does while a stage runs.
   *
   * @throws {Interruption} If one has come.
   */
  pause(): Promise<void>;
  /** Lets a signal come in that has ended something else already. */
  settle(): Promise<void>;
}

/** From now on a signal ends the run at its next pause, and what it has made is removed. */
export function watchSignals(): Watch {
  let hasCome = false;
  for (const signal of SIGNALS) {
    Deno.addSignalListener(signal, () => {
      hasCome = true;
    });
  }
  return {
    came: () => hasCome,
    async pause() {
      await sleep(1);
      if (hasCome) throw new Interruption("the run was ended");
    },
    settle: () => sleep(50),
  };
}

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
