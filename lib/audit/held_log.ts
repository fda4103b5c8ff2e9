import type { Log } from "../session/log.ts";
import type { Interest, ObservedKind, Observer, Operation, Outcome } from "../session/observer.ts";
import type { UploadFacts } from "../session/rows/upload.ts";
import { opensshLines } from "./openssh_lines.ts";

/** The most lines of a session that wait for its replies. */
const MAX_HELD = 256;

/**
 * A session's log. While it is held, lines are kept until the replies have been sent, so that the
 * client has these sooner; the lines are written before the session waits for anything. Their order
 * is kept.
 */
export class HeldLog implements Log, Observer {
  readonly level: number;
  readonly #log: Log;
  readonly #observer: Observer;
  readonly #held: (() => void)[] = [];
  #holds = false;

  /**
   * @param log The log that gets the lines.
   * @param uploads Present if the session finds out what became of the files that it writes.
   */
  constructor(log: Log, uploads?: UploadFacts) {
    this.level = log.level;
    this.#log = log;
    this.#observer = log.observer ?? opensshLines(log, uploads);
  }

  /** From now on lines wait for {@linkcode HeldLog.flush}. */
  hold(): void {
    this.#holds = true;
  }

  /** From now on lines are written at once. */
  release(): void {
    this.#holds = false;
    this.flush();
  }

  /** Writes what is held. */
  flush(): void {
    if (this.#held.length === 0) return;
    for (const write of this.#held) write();
    this.#held.length = 0;
  }

  /** Writes a line that is not an operation's. */
  write(level: number, line: string): void {
    this.#tell(() => this.#log.write(level, line));
  }

  interest(kind: ObservedKind): Interest {
    return this.#observer.interest(kind);
  }

  opened(...told: Parameters<NonNullable<Observer["opened"]>>): void {
    this.#tell(() => void this.#observer.opened?.(...told));
  }

  before(operation: Operation): void {
    this.#tell(() => void this.#observer.before?.(operation));
  }

  after(operation: Operation, outcome: Outcome): void {
    this.#tell(() => void this.#observer.after?.(operation, outcome));
  }

  closed(...told: Parameters<NonNullable<Observer["closed"]>>): void {
    this.#tell(() => void this.#observer.closed?.(...told));
  }

  #tell(write: () => void): void {
    if (!this.#holds) {
      write();
      return;
    }
    this.#held.push(write);
    if (this.#held.length >= MAX_HELD) this.flush();
  }
}
