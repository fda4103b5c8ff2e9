import { type Attempt, AttemptQueue, type ClientKey, describeAttempt } from "./login_attempts.ts";
import type { ConnectOptions } from "../connection_options.ts";
import type { Target } from "../config/target.ts";

/** The most characters of a server's question to log. */
const MAX_QUESTION_CHARACTERS = 80;

/** What the server said about the last attempt. */
export interface LoginState {
  /** The methods that can follow; undefined before the first attempt. */
  readonly methodsLeft: readonly string[] | undefined;
  /** Whether the last attempt was accepted, and another must follow. */
  readonly isPartial: boolean;
  /** Whether the host may get a password. */
  readonly mayTellPassword: boolean;
}

/** Tries one attempt to log in after the other, and logs each failure. */
export class Login<K extends ClientKey> {
  readonly #queue: AttemptQueue<K>;
  readonly #user: string;
  readonly #place: string;
  readonly #obstacles: readonly string[];
  readonly #log: ConnectOptions["log"];
  readonly #asksByKeyboard: boolean;
  readonly #tried: string[] = [];
  readonly #right: string[] = [];
  /** Questions of the current attempt that have no answer. */
  #questions: string[] = [];
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
    this.#asksByKeyboard = target.methods.includes("keyboard-interactive");
    this.#obstacles = obstacles;
    this.#log = log;
  }

  /** Why the login failed, with all that was tried. */
  get failure(): string {
    const right = this.#right.map((what) => `${what} is right, and the server wants more`);
    const nothing = right.length === 0
      ? "there is nothing to log in with"
      : "there is nothing to go on with";
    const tried = this.#tried.length === 0 ? nothing : `refused: ${this.#tried.join(", ")}`;
    const allowed = this.#methodsLeft === undefined || this.#methodsLeft.length === 0
      ? []
      : [`the server takes ${this.#methodsLeft.join(", ")}`];
    return `Permission denied (${[...right, tried, ...allowed, ...this.#obstacles].join("; ")})`;
  }

  /** What to try next: `none` to ask which methods there are, undefined if nothing is left. */
  next({ methodsLeft, isPartial, mayTellPassword }: LoginState): Attempt<K> | "none" | undefined {
    this.#methodsLeft = methodsLeft;
    this.#judge(isPartial);
    if (isPartial) this.#addKeyboard(methodsLeft);
    // Keys are tried with every server; for the rest it is first asked what it accepts.
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

  /** Call when the last attempt was accepted. */
  succeeded(): void {
    const how = this.#current ?? "nothing at all";
    this.#log(3, `logged in to ${this.#place} as ${this.#user} by ${how}`);
  }

  /** Call when the server asks a question that has no answer. */
  asked(question: string): void {
    const text = question.replace(/[\p{C}\s]+/gu, " ").trim().slice(0, MAX_QUESTION_CHARACTERS);
    this.#questions.push(`no answer to "${text}"`);
  }

  /**
   * After an accepted attempt, the rest may be a push or a factor without a question: it is worth
   * trying without a password, and once more after each further accepted attempt.
   */
  #addKeyboard(methodsLeft: readonly string[] | undefined): void {
    const method = "keyboard-interactive";
    const isWanted = this.#asksByKeyboard && methodsLeft?.includes(method) === true;
    if (isWanted && !this.#queue.has(method)) this.#queue.add({ method, password: undefined });
  }

  #judge(isPartial: boolean): void {
    if (this.#current === undefined) return;
    const questions = this.#questions.length === 0 ? "" : ` (${this.#questions.join(", ")})`;
    this.#questions = [];
    if (isPartial) {
      this.#right.push(this.#current);
      this.#log(3, `${this.#place}: ${this.#current} is right, and more is wanted`);
    } else {
      this.#tried.push(this.#current + questions);
      this.#log(3, `${this.#place}: ${this.#current} was refused`);
    }
    this.#current = undefined;
  }
}
