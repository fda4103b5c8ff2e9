/**
 * What a session and its helper process say to each other: lines of JSON over two pipes.
 *
 * @module
 */

/** Asks the helper to run a command. */
export interface HookRequest {
  readonly id: number;
  /** Which one of the plan's commands. The helper knows them from its own command line. */
  readonly command: number;
  /** What the command reads from its standard input. */
  readonly document: string;
}

/** How a command ended. */
export interface HookResult {
  readonly id: number;
  /** Its exit status; absent if it has none. */
  readonly status?: number;
  /** Why it has none: it could not be started, was killed, or took too long. */
  readonly failure?: string;
  /** The beginning of what it wrote to standard error. */
  readonly stderr: string;
}

/** Bytes of a command's standard error that count. */
export const MAX_STDERR_BYTES = 4 * 1024;

const NEWLINE = 0x0a;
const encoder = new TextEncoder();

/** A message as a line. */
export function lineOf(message: HookRequest | HookResult): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${JSON.stringify(message)}\n`);
}

/** Takes bytes as they come, and returns the messages that are complete. */
export class MessageReader<M extends HookRequest | HookResult> {
  readonly #decoder = new TextDecoder();
  #rest: Uint8Array[] = [];

  take(bytes: Uint8Array): readonly M[] {
    const messages: M[] = [];
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf(NEWLINE, from);
      this.#rest.push(bytes.slice(from, end === -1 ? bytes.length : end));
      if (end === -1) break;
      messages.push(JSON.parse(this.#line()) as M);
      from = end + 1;
    }
    return messages;
  }

  #line(): string {
    const parts = this.#rest;
    this.#rest = [];
    const last = parts.pop()!;
    const head = parts.map((part) => this.#decoder.decode(part, { stream: true })).join("");
    return head + this.#decoder.decode(last);
  }
}
