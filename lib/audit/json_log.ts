import type { FileAttrs } from "../attrs.ts";
import { boundedField, boundedLine, type Log, LogLevel } from "../session/log.ts";
import type { Observer, Operation, Outcome, SessionFacts } from "../session/observer.ts";
import { StorageError } from "../storage/errors.ts";
import type { OpenOptions } from "../storage/storage.ts";
import { type LogSink, LogSinks } from "./log_sinks.ts";
import { encodeText, escapeJson, timestamp } from "./log_text.ts";

/** A line's fields, in the order in which they are written; what is undefined is left out. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * A log of JSON lines: an object for each event, with the session it belongs
 * to. A request is told when it is done, with what became of it.
 *
 * `event` is the name of the request as `-Q requests` lists it, or
 * `session-opened`, `session-closed`, or `message` for what is said in words.
 */
export class JsonLog implements Log {
  /** Events above this level are left out; a value of `LogLevel`. */
  readonly level: number;
  /** What tells it of requests. */
  readonly observer: Observer;
  readonly #sinks: LogSinks;
  /** The fields that are the same in every line, as JSON without braces. */
  readonly #session: string;

  /**
   * A log over sinks that are open already.
   *
   * @param level A value of `LogLevel`.
   * @param session Whose events they are.
   * @param sinks Where each line goes.
   * @param onFailure Told once, when a line could not be written.
   */
  constructor(
    level: number,
    session: SessionFacts,
    sinks: readonly LogSink[],
    onFailure: (error: unknown) => void,
  ) {
    this.level = level;
    const { id, user, client, clientPort: port } = session;
    this.#session = JSON.stringify({ session: id, pid: Deno.pid, user, client, port }).slice(1, -1);
    this.#sinks = new LogSinks(sinks, onFailure);
    const tellsFailures = level >= LogLevel.INFO;
    this.observer = {
      interest: (kind) =>
        kind.level <= level ? "everything" : tellsFailures ? "failures" : "nothing",
      opened: () => this.#event(LogLevel.INFO, { event: "session-opened" }),
      after: (operation, outcome) => {
        const told = outcome.failed ? LogLevel.INFO : operation.level;
        this.#event(told, fieldsOf(operation, outcome));
      },
      closed: (_session, { files, bytesRead, bytesWritten, duration, exitStatus }) =>
        this.#event(LogLevel.INFO, {
          event: "session-closed",
          files,
          read: bytesRead,
          written: bytesWritten,
          duration: rounded(duration),
          status: exitStatus,
        }),
    };
  }

  /** Writes what is said in words. */
  write(level: number, line: string): void {
    this.#event(level, { event: "message", message: boundedLine(line) });
  }

  #event(level: number, fields: Fields): void {
    if (level > this.level) return;
    const time = new Date();
    const told = JSON.stringify(fields).slice(1);
    const text = escapeJson(
      `{"time":"${timestamp(time)}","level":"${LEVEL_NAMES[level]}",${this.#session},${told}`,
    );
    this.#sinks.write({ level, time, text, line: () => encodeText(text + "\n") });
  }
}

const LEVEL_NAMES: readonly string[] = Object.keys(LogLevel).map((name) => name.toLowerCase());

function fieldsOf(operation: Operation, outcome: Outcome): Fields {
  const { name, path, to, target, text, kind, options, offset, length, targetOffset } = operation;
  return {
    event: name,
    path: boundedField(path),
    to: boundedField(to),
    target: boundedField(target),
    text: boundedField(text),
    kind,
    forced: operation.forced || undefined,
    flags: options && flagsOf(options),
    attrs: attrsOf(operation.attrs),
    offset,
    length,
    targetOffset,
    bytes: outcome.bytes,
    entries: outcome.entries,
    read: operation.bytesRead,
    written: operation.bytesWritten,
    openFor: rounded(operation.openFor),
    duration: rounded(outcome.duration),
    result: outcome.failed ? boundedField(outcome.message) : "ok",
    status: outcome.status,
    reason: boundedField(reasonOf(outcome)),
  };
}

/** The names of the flags that are set. */
function flagsOf(options: OpenOptions): readonly string[] {
  return Object.entries(options).filter(([, value]) => value === true).map(([name]) => name);
}

/** What is present of the attributes, with the mode as people write it. */
function attrsOf(attrs: FileAttrs | undefined): Fields | undefined {
  if (attrs === undefined) return undefined;
  const { size, permissions, uid, gid, atime, mtime } = attrs;
  const mode = permissions === undefined
    ? undefined
    : (permissions & 0o7777).toString(8).padStart(4, "0");
  const fields = { size, mode, uid, gid, atime, mtime };
  return Object.values(fields).some((value) => value !== undefined) ? fields : undefined;
}

/** Why, where the client is told less. */
function reasonOf({ error, message }: Outcome): string | undefined {
  if (!(error instanceof StorageError) || error.message === "") return undefined;
  return message.endsWith(error.message) ? undefined : error.message;
}

/** Milliseconds, to the microsecond. */
function rounded(duration: number | undefined): number | undefined {
  return duration === undefined ? undefined : Math.round(duration * 1000) / 1000;
}
