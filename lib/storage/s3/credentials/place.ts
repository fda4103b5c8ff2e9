import type { Keys } from "../client/keys.ts";

/** Where keys come from. */
export interface KeyPlace {
  /** What it is, for a person; without a secret. */
  readonly name: string;
  /**
   * Gets keys, at the start and whenever those before are about to expire.
   *
   * @throws {CredentialsError} If there are none to be had.
   */
  load(): Promise<Keys>;
  /** Files that `load` reads. */
  readonly reads?: readonly string[] | undefined;
  /** The program that `load` runs. */
  readonly runs?: string | undefined;
  /** HOST:PORT of the servers that `load` asks. */
  readonly asks?: readonly string[] | undefined;
}

/** Keys cannot be had; the message is for the administrator, on one line, and has no secret. */
export class CredentialsError extends Error {
  /** `CredentialsError` */
  override readonly name = "CredentialsError";
}

/** Reads a variable of the environment; an empty one counts as absent. */
export type Variables = (name: string) => string | undefined;

/**
 * The keys in an answer of JSON, by the names that container endpoints, instance endpoints and
 * programs use for them.
 *
 * @param from What sent it, for messages.
 */
export function keysOfJson(text: string, from: string): Keys {
  const invalid = () => new CredentialsError(`${from} did not send keys`);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    // Its message would quote the text, which may hold a secret.
    if (error instanceof SyntaxError) throw invalid();
    throw error;
  }
  const field = (name: string): string | undefined => {
    const value = typeof answer === "object" && answer !== null
      ? Reflect.get(answer, name)
      : undefined;
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const [accessKeyId, secretAccessKey] = [field("AccessKeyId"), field("SecretAccessKey")];
  if (accessKeyId === undefined || secretAccessKey === undefined) throw invalid();
  const sessionToken = field("SessionToken") ?? field("Token");
  return { accessKeyId, secretAccessKey, sessionToken, expires: expiry(field("Expiration"), from) };
}

/** A moment of expiry; what cannot be read must not count as "never". */
export function expiry(text: string | undefined, from: string): Date | undefined {
  if (text === undefined) return undefined;
  const expires = new Date(text);
  if (!Number.isNaN(expires.getTime())) return expires;
  throw new CredentialsError(`${from} sent keys with an expiry that is no date`);
}
