/**
 * What the file of a slot says: a line of facts, a line of counters, which the session writes again
 * and again, and a line that ends the session.
 *
 * @module
 */

/** Who is there, as a session says it of itself. */
export interface SlotFacts {
  /** The version of this format; a later one may only add to it. */
  readonly version: 1;
  /** Tells this session from all others; the name of its file. */
  readonly id: string;
  readonly pid: number;
  /** The account. */
  readonly user: string | undefined;
  /** Whom the session is for, if several share the account. */
  readonly logUser: string | undefined;
  /** The client's address. */
  readonly address: string | undefined;
  /** When it began, as in ISO 8601. */
  readonly since: string;
  /** What is served, by its kind: `{ jail: "/srv/sftp/alice" }`. */
  readonly serves: Readonly<Record<string, string>>;
}

/** Bytes of files that a session has moved. */
export interface SlotCounters {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** A session that lives. What cannot be read of it is absent: it counts all the same. */
export interface LiveSession {
  readonly id: string;
  readonly facts: { readonly [Name in keyof SlotFacts]?: SlotFacts[Name] | undefined };
  readonly counters: SlotCounters;
}

/** Bytes of the line of counters: room for two numbers of 16 digits. */
export const COUNTERS_BYTES = 80;

/** Characters of a text from a slot that are used. */
const MAX_TEXT_LENGTH = 4096;

/** The line of facts. */
export function factsLine(facts: SlotFacts): string {
  return `${JSON.stringify(facts)}\n`;
}

/** The line of counters, which always has the same length. */
export function countersLine({ bytesRead, bytesWritten }: SlotCounters): string {
  const text = JSON.stringify({ bytesRead, bytesWritten });
  return `${text.padEnd(COUNTERS_BYTES - 1)}\n`;
}

/** Reads a slot. The account writes it, so nothing in it is trusted. */
export function readSlot(id: string, text: string): LiveSession {
  const [first = "", second = ""] = text.split("\n");
  const facts = objectIn(first);
  const counters = objectIn(second);
  return {
    id,
    facts: {
      pid: numberIn(facts, "pid"),
      user: textIn(facts, "user"),
      logUser: textIn(facts, "logUser"),
      address: textIn(facts, "address"),
      since: textIn(facts, "since"),
      serves: textsIn(facts["serves"]),
    },
    counters: {
      bytesRead: numberIn(counters, "bytesRead") ?? 0,
      bytesWritten: numberIn(counters, "bytesWritten") ?? 0,
    },
  };
}

function objectIn(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function textIn(object: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = object[name];
  return typeof value === "string" ? value.slice(0, MAX_TEXT_LENGTH) : undefined;
}

function numberIn(object: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = object[name];
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
}

function textsIn(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const texts = Object.entries(value).filter(([, text]) => typeof text === "string");
  return Object.fromEntries(texts);
}
