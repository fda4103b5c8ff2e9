import process from "node:process";

/** The real environment, however many connections are being made at once. */
const { env: ENVIRONMENT } = process;
let hiding = 0;

/**
 * Hides the environment until the result is disposed of. The driver would look for its own settings
 * in it: for example a log to stdout, which carries the protocol.
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
