import { messageOf } from "../../../message_of.ts";
import { type Answer, hiddenEncoding, notS3 } from "./answers.ts";
import { S3Error } from "./s3_errors.ts";

/** The longest silence of a server that has little to do. */
const SILENCE_MS = 30_000;

/** The same for copies and for making an object of many parts. */
const LONG_SILENCE_MS = 10 * 60_000;

/** A connection that is slower than this is as good as none. */
const SLOWEST_BYTES_PER_MS = 32;

/** The longest document: a page of 1,000 keys of 1,024 bytes each, encoded by URL, and room. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;

/** The first memory for an answer that does not tell its length. */
const UNKNOWN_BYTES = 64 * 1024;

/** A signed request. */
export interface Outgoing {
  readonly url: string | URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The most bytes of the answer, if it is not a document. */
  readonly mostBytes?: number | undefined;
  readonly isLong?: boolean | undefined;
  /** The longest silence of the server, besides the time that content takes. */
  readonly silenceMs?: number | undefined;
}

/** There was no answer. */
export class Unanswered extends S3Error {
  constructor(
    reason: string,
    /** Whether another attempt may have one. */
    readonly isPassing: boolean,
    /** Whether the server never got the request. */
    readonly isUndone: boolean,
    options: ErrorOptions,
  ) {
    super("failure", reason, options);
  }
}

/**
 * Sends one request and reads the answer to its end.
 *
 * @throws {Unanswered} If there is none, or no whole one.
 * @throws The reason of the request's signal.
 */
export async function exchange(http: Deno.HttpClient, outgoing: Outgoing): Promise<Answer> {
  const { url, method, headers, body, signal, mostBytes = MAX_DOCUMENT_BYTES } = outgoing;
  const { isLong = false, silenceMs = isLong ? LONG_SILENCE_MS : SILENCE_MS } = outgoing;
  signal?.throwIfAborted();
  // It is not signed: servers between may change it. Nothing may be decompressed on the way.
  headers.set("accept-encoding", "identity");
  const controller = new AbortController();
  const abort = () => controller.abort();
  const limit = (bytes: number) => setTimeout(abort, silenceMs + bytes / SLOWEST_BYTES_PER_MS);
  let timer = limit(body?.length ?? 0);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const response = await fetch(url, {
      ...{ method, headers, client: http, redirect: "manual", signal: controller.signal },
      ...(body === undefined ? {} : { body }),
    });
    clearTimeout(timer);
    timer = limit(Number(response.headers.get("content-length") ?? mostBytes));
    return {
      status: response.status,
      headers: response.headers,
      body: await readAtMost(response, response.ok ? mostBytes : MAX_DOCUMENT_BYTES),
    };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof S3Error) throw error;
    throw controller.signal.aborted
      ? new Unanswered("the server does not answer", true, false, { cause: error })
      : unanswered(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** The body of an answer; more than wanted is not even read. */
async function readAtMost(response: Response, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const { body, headers, status } = response;
  const length = Number(headers.get("content-length") ?? NaN);
  if (body === null) return new Uint8Array(0);
  if (status === 206 && Number.isNaN(length) && !headers.has("transfer-encoding")) {
    await body.cancel();
    throw hiddenEncoding();
  }
  if (length > most) {
    await body.cancel();
    throw notS3({ status, headers });
  }
  // `arrayBuffer()` would keep all chunks beside what it makes of them, for long: twice the memory.
  let bytes = new Uint8Array(Number.isNaN(length) ? Math.min(most, UNKNOWN_BYTES) : length);
  let total = 0;
  for await (const chunk of body) {
    if (total + chunk.length > most) throw notS3({ status, headers });
    if (total + chunk.length > bytes.length) {
      const larger = new Uint8Array(Math.min(most, 2 * (total + chunk.length)));
      larger.set(bytes);
      bytes = larger;
    }
    bytes.set(chunk, total);
    total += chunk.length;
  }
  return total === bytes.length ? bytes : bytes.slice(0, total);
}

/** What `fetch` failed with, in words for a client. */
function unanswered(cause: unknown): Unanswered {
  const text = textOf(cause);
  const options = { cause };
  if (cause instanceof Deno.errors.NotCapable || cause instanceof Deno.errors.PermissionDenied) {
    return new Unanswered("this program may not connect to the server", false, true, options);
  }
  if (/Requests to port \d+ are blocked/.test(text)) {
    return new Unanswered("the server's port is one that HTTP must not use", false, true, options);
  }
  const certificate = /invalid peer certificate: (\w+)/.exec(text)?.[1];
  if (certificate !== undefined) {
    const reason = `the server's certificate cannot be verified (${certificate})`;
    return new Unanswered(reason, false, true, options);
  }
  if (/Name or service not known|nodename nor servname|No address associated/.test(text)) {
    return new Unanswered("the server's name is not known", false, true, options);
  }
  if (/dns error|tcp connect error|Connection refused/i.test(text)) {
    return new Unanswered("the server cannot be reached", true, true, options);
  }
  return new Unanswered("the connection to the server was lost", true, false, options);
}

/** An error's message with those of its causes. */
export function textOf(error: unknown): string {
  const texts: string[] = [];
  for (
    let inner = error;
    inner !== undefined;
    inner = inner instanceof Error ? inner.cause : undefined
  ) {
    texts.push(messageOf(inner));
  }
  return texts.join(": ");
}
