import { messageOf } from "../../../message_of.ts";
import { CredentialsError } from "./place.ts";

/** A server beside the bucket's gets so long to answer, and two attempts. */
const ANSWER_MS = 5_000;

const ATTEMPTS = 2;

/** An answer, whatever its status. */
export interface AnswerText {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks a server for keys, or for what leads to them.
 *
 * @param from What is asked, for messages.
 * @throws {CredentialsError} If there is no answer.
 */
export async function ask(
  url: string,
  init: RequestInit,
  from: string,
  answerMs = ANSWER_MS,
): Promise<AnswerText> {
  for (let attempt = 1;; attempt++) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), answerMs);
    try {
      const signal = controller.signal;
      const response = await fetch(url, { ...init, redirect: "manual", signal });
      const answer = { status: response.status, text: await response.text() };
      if (attempt === ATTEMPTS || answer.status < 500 && answer.status !== 429) return answer;
    } catch (error) {
      if (attempt < ATTEMPTS && !(error instanceof Deno.errors.NotCapable)) continue;
      const reason = controller.signal.aborted ? "no answer" : messageOf(error);
      throw new CredentialsError(`${from} cannot be asked: ${reason}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** HOST:PORT of a URL, as a permission to connect has it. */
export function hostOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port === "" ? protocol === "https:" ? 443 : 80 : port}`;
}
