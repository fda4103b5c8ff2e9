import { AwsV4Signer } from "aws4fetch";
import { type Place, type Query, urlOf } from "./address.ts";
import { type Answer, type ErrorAnswer, isErrorInside, notS3, readError } from "./answers.ts";
import { exchange, textOf, Unanswered } from "./exchange.ts";
import type { Keys, KeySource } from "./keys.ts";
import { Retries, type Wish } from "./retries.ts";
import { errorOfAnswer, S3Error } from "./s3_errors.ts";

/** A request before it is signed. */
export interface Call {
  /** S3's name for it, for the log. */
  readonly name: string;
  readonly method: "DELETE" | "GET" | "HEAD" | "POST" | "PUT";
  /** Absent for the bucket itself. */
  readonly key?: string | undefined;
  readonly query?: Query | undefined;
  /** Those that are undefined are left out. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The most bytes of the answer, if it is not a document. */
  readonly mostBytes?: number | undefined;
  /** Whether the server may work for minutes before it answers. */
  readonly isLong?: boolean | undefined;
}

/** How a bucket is reached. */
export interface SenderOptions extends Place {
  readonly keys: KeySource;
  /** Certificates to trust besides the usual ones, as PEM. */
  readonly caCerts?: readonly string[] | undefined;
  /**
   * Is told of each attempt that failed, and whether it was the last one. The line has S3's code
   * and the server's id of the request.
   */
  readonly report?: ((line: string, isFinal: boolean) => void) | undefined;
  readonly retries?: Retries | undefined;
  /** The longest silence of the server, instead of the usual ones. */
  readonly silenceMs?: number | undefined;
}

/** A failed attempt. */
interface Failure {
  readonly error: S3Error;
  /** What the server said, if it did. */
  readonly said?: ErrorAnswer | undefined;
  readonly headers?: Headers | undefined;
  /** Whether another attempt may succeed. */
  readonly isPassing: boolean;
  /** Whether nothing was done for certain. */
  readonly isUndone: boolean;
}

/** Codes of failures that are over soon. */
const PASSING: ReadonlySet<string> = new Set([
  ...["BadDigest", "IncompleteBody", "InternalError", "OperationAborted", "RequestTimeout"],
  ...["ServiceUnavailable", "SlowDown"],
]);

const PASSING_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** With these, a server says that the bucket is in another region. */
const ELSEWHERE_STATUS: ReadonlySet<number> = new Set([301, 307, 400]);

/** Codes for keys that are not valid, or no longer. */
const KEYS_REFUSED: ReadonlySet<string> = new Set([
  ...["ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidToken"],
  "TokenRefreshRequired",
]);

/** Codes that are part of normal work, and not worth a line. */
const EXPECTED: ReadonlySet<string> = new Set([
  ...["ConditionalRequestConflict", "InvalidRange", "NoSuchKey", "NoSuchUpload"],
  "PreconditionFailed",
]);

/** Signs requests, sends them, and sends them again where that can help. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #retries: Retries;
  readonly #http: Deno.HttpClient;
  /** Signing keys by secret, day and region. */
  readonly #signingKeys = new Map<string, ArrayBuffer>();
  #region: string;
  /** How far the server's clock is ahead of this machine's. */
  #skewMs = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#retries = options.retries ?? new Retries();
    this.#region = options.region;
    // With HTTP/2, one connection would carry all.
    this.#http = Deno.createHttpClient({ http2: false, caCerts: [...options.caCerts ?? []] });
  }

  /** Where the bucket is, as far as known. */
  get place(): Place {
    return { ...this.#options, region: this.#region };
  }

  /** What `read` makes of the answer to a request that succeeded. */
  async send<T>(call: Call, read: (answer: Answer) => T): Promise<T> {
    const since = this.#retries.now();
    /** What was mended already: each cause gets one further attempt. */
    const mended = new Set<string>();
    let isInDoubt = false;
    for (let attempt = 1;; attempt++) {
      await this.#retries.ready(call.signal);
      const keys = await this.#options.keys.keys();
      const result = await this.#attempt(call, read, keys);
      if ("value" in result) {
        this.#retries.succeeded();
        return result.value;
      }
      const again = await this.#mend(result, keys, mended) || result.isPassing &&
          await this.#retries.again(attempt, since, wishOf(result), call.signal);
      this.#report(call, result, again);
      if (!again) throw isInDoubt ? inDoubt(result.error) : result.error;
      isInDoubt ||= !result.isUndone;
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#http.close();
  }

  async #attempt<T>(
    call: Call,
    read: (answer: Answer) => T,
    keys: Keys,
  ): Promise<{ readonly value: T } | Failure> {
    try {
      const answer = await this.#exchange(call, keys);
      if (isSuccess(call, answer)) return { value: read(answer) };
      // An answer to HEAD says nothing about its failure.
      if (call.method !== "HEAD" || ![400, 403].includes(answer.status)) return failureOf(answer);
      const { key, query, signal } = call;
      const headers = { range: "bytes=0-0" };
      const told = await this.#exchange(
        { name: "", method: "GET", key, query, headers, signal },
        keys,
      );
      return failureOf(told.status < 400 ? answer : told);
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      const { isPassing, isUndone } = error instanceof Unanswered
        ? error
        : { isPassing: false, isUndone: false };
      return { error, isPassing, isUndone };
    }
  }

  async #exchange(call: Call, keys: Keys): Promise<Answer> {
    const { key = "", query, body, method } = call;
    const url = urlOf(this.place, key, query);
    const headers = new Headers();
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      if (value !== undefined) headers.set(name, value);
    }
    if (url.startsWith("http:")) {
      // Without TLS, only the signature protects what is sent.
      headers.set("x-amz-content-sha256", await sha256(body));
    }
    const signed = await new AwsV4Signer({
      ...{ method, url, headers, service: "s3", region: this.#region, cache: this.#signingKeys },
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
      datetime: amzDate(Date.now() + this.#skewMs),
    }).sign();
    const { silenceMs } = this.#options;
    const { url: to, headers: all } = signed;
    return await exchange(this.#http, { ...call, url: to, headers: all, silenceMs });
  }

  /** Removes the cause of a failure, if this side can; then the next attempt needs no wait. */
  async #mend(
    { error, said, headers }: Failure,
    keys: Keys,
    mended: Set<string>,
  ): Promise<boolean> {
    if (said === undefined || headers === undefined) return false;
    const once = (cause: string) => mended.size < mended.add(cause).size;
    if (KEYS_REFUSED.has(said.s3Code)) {
      return once("keys") && (await this.#options.keys.renew(keys)) !== keys;
    }
    if (said.s3Code === "RequestTimeTooSkewed") {
      const serverMs = Date.parse(headers.get("date") ?? "");
      if (Number.isNaN(serverMs) || !once("clock")) return false;
      this.#skewMs = serverMs - Date.now();
      return true;
    }
    const { region } = said;
    if (region === undefined || region === this.#region || !/^[\w-]+$/.test(region)) return false;
    if (!ELSEWHERE_STATUS.has(error.httpStatus) || !once("region")) return false;
    this.#region = region;
    return true;
  }

  #report({ name, key }: Call, { error, said, isPassing }: Failure, again: boolean): void {
    const { report } = this.#options;
    if (report === undefined || EXPECTED.has(error.s3Code)) return;
    const { httpStatus, s3Code, message } = error;
    const words = said === undefined || said.s3Code === ""
      ? [
        httpStatus || "",
        error.cause === undefined ? message : `${message}: ${textOf(error.cause)}`,
      ]
      : [httpStatus, s3Code, said.message];
    const cause = words.filter(Boolean).join(" ") +
      (said === undefined || said.requestId === "" ? "" : ` (request ${said.requestId})`);
    const end = again ? "; trying again" : isPassing ? "; given up" : "";
    report(`${name}${key === undefined ? "" : ` "${key}"`}: ${cause}${end}`, !again);
  }
}

/** Whether an answer says that the request was carried out. */
function isSuccess({ method, name }: Call, answer: Answer): boolean {
  const { status } = answer;
  if (status < 200 || status > 299) return false;
  // S3 begins the answer to a long request before it knows its end.
  return method === "GET" || method === "HEAD" || name === "PutObject" || !isErrorInside(answer);
}

function failureOf(answer: Answer): Failure {
  const said = readError(answer);
  const { headers } = answer;
  const status = answer.status;
  const isPassing = PASSING.has(said.s3Code) || PASSING_STATUS.has(status);
  const isOfPortal = said.s3Code === "" && answer.body.length > 0 && !isPassing;
  // A server that does not answer 4xx may have begun.
  const isUndone = status >= 400 && status < 500 || said.s3Code === "SlowDown";
  const error = isOfPortal ? notS3(answer) : errorOfAnswer(status, said.s3Code);
  return { error, said, headers, isPassing, isUndone };
}

function wishOf({ error, headers }: Failure): Wish {
  const seconds = Number(headers?.get("retry-after") ?? NaN);
  return {
    slowDown: isSlowDown(error),
    retryAfterMs: Number.isNaN(seconds) ? undefined : seconds * 1000,
  };
}

function isSlowDown({ s3Code, httpStatus }: S3Error): boolean {
  return s3Code === "SlowDown" || s3Code === "ServiceUnavailable" && httpStatus === 503 ||
    httpStatus === 429;
}

function inDoubt({ code, message, s3Code, httpStatus, cause }: S3Error): S3Error {
  return new S3Error(code, message, { s3Code, httpStatus, cause, isInDoubt: true });
}

/** A moment as signatures have it. */
function amzDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d+/g, "");
}

async function sha256(body: Uint8Array<ArrayBuffer> = new Uint8Array(0)): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", body)).toHex();
}
