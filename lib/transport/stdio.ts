/**
 * Standard input and output: the wire of a session.
 *
 * @module
 */

/** A byte stream in each direction. */
export interface Transport {
  /** Blocks until there are bytes; null at the end. */
  readSync(into: Uint8Array): number | null;
  /** Blocks until all of `bytes` is written. */
  writeSync(bytes: Uint8Array): void;
  /** Reads bytes when there are some; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Writes all parts in order; if absent, the caller writes one after the other. */
  writeAll?(parts: readonly Uint8Array[]): Promise<void>;
  /** How to write without blocking; if absent, a client that reads late blocks its session. */
  readonly polling?: Polling;
}

/** Writing that does not block on a client that sends more before it reads. */
export interface Polling {
  /** Writes what can be written without blocking, and returns how many bytes it wrote. */
  trySend(bytes: Uint8Array): number;
  /** Waits, and returns whether there is something to read. */
  wait(until: WaitOptions): { readonly input: boolean };
  /**
   * Whether the client has closed its end of the output, so that it reads no
   * more. It may close its end of the input and still wait for replies.
   */
  isClientGone?(): boolean;
}

/** What to wait for. */
export interface WaitOptions {
  /** Something to read, or the end of the input. */
  readonly input: boolean;
  /** Room to write; waited for unless this is false. */
  readonly output?: boolean;
  /** Whole milliseconds; without limit if absent. */
  readonly timeout?: number;
}

/** The process's own standard input and output. */
export const stdio: Transport = {
  readSync: (into) => Deno.stdin.readSync(into),
  writeSync(bytes) {
    let written = 0;
    while (written < bytes.length) written += Deno.stdout.writeSync(bytes.subarray(written));
  },
  read: (into) => Deno.stdin.read(into),
  async write(bytes) {
    let written = 0;
    while (written < bytes.length) written += await Deno.stdout.write(bytes.subarray(written));
  },
};

/** Prints text for a person, when no session is served: help, version, lists. */
export function print(text: string): void {
  stdio.writeSync(new TextEncoder().encode(text));
}

/** Prints a line about this program itself to standard error. */
export function printError(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
