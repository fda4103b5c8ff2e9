import { type Attempt, AttemptQueue, type ClientKey, describeAttempt } from "./authentication.ts";
import type { ConnectOptions } from "./connection_options.ts";
import type { Target } from "./target.ts";

/** What the server has said of the last attempt. */
export interface LoginState {
  /** The methods that can follow; undefined before the first attempt. */
  readonly methodsLeft: readonly string[] | undefined;
  /** Whether the last attempt was right, and another must follow. */
  readonly isPartial: boolean;
  /** Whether the host may be told a password. */
  readonly mayTellPassword: boolean;
}

/** One attempt to log in after the other, each failure in the log. */
export class Login<K extends ClientKey> {
  readonly #queue: AttemptQueue<K>;
  readonly #user: string;
  readonly #place: string;
  readonly #obstacles: readonly string[];
  readonly #log: ConnectOptions["log"];
  readonly #tried: string[] = [];
  #current: string | undefined;
  #methodsLeft: readonly string[] | undefined;

  constructor(
    attempts: readonly Attempt<K>[],
    { target, obstacles, log }: {
      readonly target: Target;
      readonly obstacles: readonly string[];
      readonly log: ConnectOptions["log"];
    },
  ) {
    this.#queue = new AttemptQueue(attempts);
    this.#user = target.user;
    this.#place = target.hostName;
    this.#obstacles = obstacles;
    this.#log = log;
  }

  /** Why nobody was let in, with all that was tried. */
  get failure(): string {
    const tried = this.#tried.length === 0
      ? "there is nothing to log in with"
      : `refused: ${this.#tried.join(", ")}`;
    const allowed = this.#methodsLeft === undefined || this.#methodsLeft.length === 0
      ? []
      : [`the server takes ${this.#methodsLeft.join(", ")}`];
    return `Permission denied (${[tried, ...allowed, ...this.#obstacles].join("; ")})`;
  }

  /** What to try next: `none` to ask which methods there are, undefined where nothing is left. */
  next({ methodsLeft, isPartial, mayTellPassword }: LoginState): Attempt<K> | "none" | undefined {
    this.#methodsLeft = methodsLeft;
    this.#judge(isPartial);
    // Keys are worth a try everywhere; for the rest the server is asked first what it takes.
    if (methodsLeft === undefined && this.#queue.first !== "publickey") return "none";
    for (;;) {
      const attempt = this.#queue.next(methodsLeft);
      if (attempt === undefined) return undefined;
      if (attempt.method === "publickey" || mayTellPassword) {
        this.#current = describeAttempt(attempt);
        return attempt;
      }
      this.#tried.push(`${attempt.method} not tried, because the host key is in doubt`);
    }
  }

  /** The last attempt was right. */
  succeeded(): void {
    const how = this.#current ?? "nothing at all";
    this.#log(3, `logged in to ${this.#place} as ${this.#user} by ${how}`);
  }

  #judge(isPartial: boolean): void {
    if (this.#current === undefined) return;
    if (isPartial) {
      this.#log(3, `${this.#place}: ${this.#current} is right, and more is wanted`);
    } else {
      this.#tried.push(this.#current);
      this.#log(3, `${this.#place}: ${this.#current} was refused`);
    }
    this.#current = undefined;
  }
}
