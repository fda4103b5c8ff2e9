import process from "node:process";

/** The environment as it was, however many are just connecting. */
const { env: ENVIRONMENT } = process;
let hiding = 0;

/**
 * Hides the environment until what is returned is disposed of. The driver would
 * look for its own settings there: a log on stdout, for one, which is the wire.
 */
export function hideEnvironment(): Disposable {
  hiding++;
  process.env = {};
  return {
    [Symbol.dispose]() {
      if (--hiding === 0) process.env = ENVIRONMENT;
    },
  };
}
