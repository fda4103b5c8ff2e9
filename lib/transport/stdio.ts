/**
 * Standard input and output: the wire of a session.
 *
 * @module
 */

/** A byte stream in each direction. */
export interface Transport {
  /** Waits for bytes, without letting anything else run; null at the end. */
  readSync(into: Uint8Array): number | null;
  /** Writes all of `bytes`, without letting anything else run. */
  writeSync(bytes: Uint8Array): void;
  /** Bytes when there are some; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Writes all of several, in their order; where it is absent, one after the other is written. */
  writeAll?(parts: readonly Uint8Array[]): Promise<void>;
  /** How to write without waiting; where it is absent, a client that reads late holds up a session. */
  readonly polling?: Polling;
}

/** Writing that does not wait for a client which sends more before it reads. */
export interface Polling {
  /** Writes what can be written without waiting, and returns how many bytes that were. */
  trySend(bytes: Uint8Array): number;
  /** Waits, and tells whether there is something to read. */
  wait(until: WaitOptions): { readonly input: boolean };
  /**
   * Whether the client reads no more: its end of the output is closed. That of
   * the input may be closed by a client which still waits for its replies.
   */
  isClientGone?(): boolean;
}

/** What to wait for. */
export interface WaitOptions {
  /** Something to read, or the end of the input. */
  readonly input: boolean;
  /** Room to write; waited for unless this is false. */
  readonly output?: boolean;
  /** Milliseconds, a whole number; without end where absent. */
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

/** Prints text for a person, where no session is served: help, version, lists. */
export function print(text: string): void {
  stdio.writeSync(new TextEncoder().encode(text));
}

/** Prints a line about this program itself to standard error. */
export function printError(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
