import { type FileAttrs, PERMISSION_BITS } from "../attrs.ts";
import { boundedField, boundedLine, type Log, LogLevel } from "../session/log.ts";
import type { Observer, Operation, Outcome, SessionFacts } from "../session/observer.ts";
import { StorageError } from "../storage/errors.ts";
import type { OpenOptions } from "../storage/storage.ts";
import { LOG_TAG } from "./line_log.ts";
import { type LogSink, LogSinks } from "./log_sinks.ts";
import { encodeText, escapeJson, timestamp } from "./log_text.ts";

/** A line's fields, in the order in which they are written; undefined fields are left out. */
type Fields = Readonly<Record<string, unknown>>;

/** What the log knows by itself about its sessions. */
export interface JsonLogFacts extends Partial<SessionFacts> {
  /** Whom they are for, where several share an account. */
  readonly logUser?: string | undefined;
  /** The program's name; written only if it is not the default one. */
  readonly tag?: string | undefined;
}

/**
 * A log of JSON lines: an object for each event, with the session that it belongs to. A request is
 * logged when it is done, with its outcome.
 *
 * `event` is the name of the request as `-Q requests` lists it, or `session-opened`,
 * `session-closed`, or `message` for a line of text.
 *
 * `serve` tells it which session an event belongs to, as it tells hooks: all of them use the same
 * id for a session.
 */
export class JsonLog implements Log {
  /** Events above this level are left out; a value of `LogLevel`. */
  readonly level: number;
  /** The observer through which the session reports its requests. */
  readonly observer: Observer;
  readonly #sinks: LogSinks;
  readonly #given: JsonLogFacts;
  /** The open sessions, each with its fields, which are the same in every line. */
  readonly #open = new Map<SessionFacts, string>();
  /** The fields of lines of text, as JSON without braces. */
  #words: string;

  /**
   * A log over sinks that are already open.
   *
   * @param level A value of `LogLevel`.
   * @param session What is known before the session begins, for the lines until then; also the
   * facts about a session that `serve` does not know.
   * @param sinks Where each line goes.
   * @param onFailure Called once, when a line could not be written.
   */
  constructor(
    level: number,
    session: JsonLogFacts,
    sinks: readonly LogSink[],
    onFailure: (error: unknown) => void,
  ) {
    this.level = level;
    this.#given = session;
    this.#words = fieldsOfSession(session);
    this.#sinks = new LogSinks(sinks, onFailure);
    const tellsFailures = level >= LogLevel.INFO;
    this.observer = {
      interest: (kind) =>
        kind.level <= level ? "everything" : tellsFailures ? "failures" : "nothing",
      opened: (session) => {
        const fields = this.#begin(session);
        this.#event(LogLevel.INFO, { event: "session-opened", ...session.serves }, fields);
      },
      after: (operation, outcome) => {
        const told = outcome.failed ? LogLevel.INFO : operation.level;
        this.#event(told, fieldsOf(operation, outcome), this.#fieldsOf(operation.session));
      },
      closed: (session, { files, bytesRead, bytesWritten, duration, exitStatus }) => {
        const fields = this.#fieldsOf(session);
        this.#open.delete(session);
        this.#event(LogLevel.INFO, {
          event: "session-closed",
          files,
          read: bytesRead,
          written: bytesWritten,
          duration: rounded(duration),
          status: exitStatus,
        }, fields);
      },
    };
  }

  /** Writes a line of text. */
  write(level: number, line: string): void {
    this.#event(level, { event: "message", message: boundedLine(line) }, this.#words);
  }

  /** From now on lines of text belong to this session, as long as it is the only one. */
  #begin(session: SessionFacts): string {
    const { id } = session;
    const { user, client, clientPort } = this.#given;
    const fields = fieldsOfSession({
      ...this.#given,
      id,
      user: session.user ?? user,
      client: session.client ?? client,
      clientPort: session.clientPort ?? clientPort,
    });
    this.#open.set(session, fields);
    this.#words = this.#open.size === 1 ? fields : fieldsOfSession(this.#given);
    return fields;
  }

  #fieldsOf(session: SessionFacts): string {
    return this.#open.get(session) ?? this.#begin(session);
  }

  #event(level: number, fields: Fields, session: string): void {
    if (level > this.level) return;
    const time = new Date();
    const told = JSON.stringify(fields).slice(1);
    const text = escapeJson(
      `{"time":"${timestamp(time)}","level":"${LEVEL_NAMES[level]}",${session},${told}`,
    );
    this.#sinks.write({ level, time, text, line: () => encodeText(text + "\n") });
  }
}

/** As JSON without braces. */
function fieldsOfSession(
  { id, user, client, clientPort: port, logUser, tag }: JsonLogFacts,
): string {
  const named = tag === LOG_TAG ? { logUser } : { logUser, tag };
  return JSON.stringify({ session: id, pid: Deno.pid, user, client, port, ...named }).slice(1, -1);
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
    size: outcome.size,
    ...outcome.digest && { [outcome.digest.algorithm]: outcome.digest.hex },
    unhashed: outcome.unhashed,
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

/** The attributes that are present, with the mode in octal. */
function attrsOf(attrs: FileAttrs | undefined): Fields | undefined {
  if (attrs === undefined) return undefined;
  const { size, permissions, uid, gid, atime, mtime } = attrs;
  const mode = permissions === undefined
    ? undefined
    : (permissions & PERMISSION_BITS).toString(8).padStart(4, "0");
  const fields = { size, mode, uid, gid, atime, mtime };
  return Object.values(fields).some((value) => value !== undefined) ? fields : undefined;
}

/** The reason, if the client is told less. */
function reasonOf({ error, message }: Outcome): string | undefined {
  if (!(error instanceof StorageError) || error.message === "") return undefined;
  return message.endsWith(error.message) ? undefined : error.message;
}

/** Milliseconds, rounded to microseconds. */
function rounded(duration: number | undefined): number | undefined {
  return duration === undefined ? undefined : Math.round(duration * 1000) / 1000;
}
