import { after, isPromise } from "../maybe_promise.ts";
import type { MaybePromise } from "../storage/storage.ts";
import { StatusCode } from "../wire/constants.ts";
import type { Facts } from "./facts.ts";
import type { Observer, Operation, Outcome, SessionFacts } from "./observer.ts";
import { status, statusOf } from "./status.ts";
import type { Conversation, Row } from "./table.ts";

/** What the observers of a request stand in. */
export interface WatchOptions {
  readonly conversation: Conversation;
  readonly session: SessionFacts;
  /** Throws where the policy refuses. */
  readonly allow: (row: Row, request: unknown) => void;
  /** Told of what an observer throws and may not. */
  readonly report: (what: string, error: unknown) => void;
}

/** Does the requests of one kind under the eyes of those who want to see them. */
export class Watch {
  readonly #row: Row;
  readonly #options: WatchOptions;
  /** Who wants to hear everything, and who failures, those included. */
  readonly #everything: readonly Observer[];
  readonly #failures: readonly Observer[];

  private constructor(row: Row, observers: readonly Observer[], options: WatchOptions) {
    this.#row = row;
    this.#options = options;
    this.#everything = observers.filter((observer) => observer.interest(row) === "everything");
    this.#failures = observers.filter((observer) => observer.interest(row) !== "nothing");
  }

  /** A watch over requests of this kind; nothing where nobody wants to hear of them. */
  static of(row: Row, observers: readonly Observer[], options: WatchOptions): Watch | undefined {
    const watch = new Watch(row, observers, options);
    return watch.#failures.length === 0 ? undefined : watch;
  }

  /** Does a request. */
  run(request: unknown): MaybePromise<unknown> {
    const { conversation, allow } = this.#options;
    if (this.#everything.length === 0) return this.#runUnseen(request);
    const operation = this.#operation(this.#row.facts(request, conversation), false);
    return this.#observed(operation, request, () => {
      allow(this.#row, request);
      return after(this.#before(operation), () => this.#row.run(conversation, request));
    });
  }

  /** Closes a handle that the client left open; nobody can refuse that. */
  async force(facts: Facts, close: () => MaybePromise<void>): Promise<void> {
    const operation = this.#operation(facts, true);
    await this.#observed(operation, undefined, async () => {
      try {
        await this.#before(operation);
      } catch (error) {
        this.#options.report("an observer of the forced close", error);
      }
      await close();
    });
  }

  /** Where only failures count, nothing is made before there is one. */
  #runUnseen(request: unknown): MaybePromise<unknown> {
    const { conversation, allow } = this.#options;
    const failed = (error: unknown) => {
      const operation = this.#operation(this.#row.facts(request, conversation), false);
      return this.#failed(operation, error, undefined);
    };
    try {
      allow(this.#row, request);
      const value = this.#row.run(conversation, request);
      return isPromise(value) ? value.catch(failed) : value;
    } catch (error) {
      return failed(error);
    }
  }

  #observed(
    operation: Operation,
    request: unknown,
    work: () => MaybePromise<unknown>,
  ): MaybePromise<unknown> {
    const start = performance.now();
    const failed = (error: unknown) => this.#failed(operation, error, performance.now() - start);
    const done = (value: unknown) => {
      const outcome = {
        ...SUCCESS,
        ...this.#row.finds?.(value, request),
        duration: performance.now() - start,
      };
      return after(this.#tell(this.#everything, operation, outcome), () => value);
    };
    let value: MaybePromise<unknown>;
    try {
      value = work();
    } catch (error) {
      return failed(error);
    }
    return isPromise(value) ? value.then(done, failed) : done(value);
  }

  /** Tells of a failure, and fails. */
  #failed(operation: Operation, error: unknown, duration: number | undefined): MaybePromise<never> {
    const { code, message } = statusOf(error);
    const failed = code !== StatusCode.EOF;
    const outcome: Outcome = { status: code, message, failed, error, duration };
    return after(this.#tell(this.#failures, operation, outcome), () => {
      throw error;
    });
  }

  #before(operation: Operation): MaybePromise<void> {
    let settled: MaybePromise<void> = undefined;
    for (const observer of this.#everything) {
      if (observer.before !== undefined) {
        settled = after(settled, () => observer.before!(operation));
      }
    }
    return settled;
  }

  #tell(
    observers: readonly Observer[],
    operation: Operation,
    outcome: Outcome,
  ): MaybePromise<void> {
    let settled: MaybePromise<void> = undefined;
    for (const observer of observers) {
      if (observer.after !== undefined) {
        settled = after(settled, () =>
          harmless(
            () => observer.after!(operation, outcome),
            (error) => this.#options.report(`an observer of ${operation.name}`, error),
          ));
      }
    }
    return settled;
  }

  #operation(facts: Facts, forced: boolean): Operation {
    const { name, mutates, level } = this.#row;
    const { session } = this.#options;
    return {
      ...facts,
      path: this.#whole(facts.path),
      to: this.#whole(facts.to),
      name,
      mutates,
      level,
      session,
      forced,
      describe: () => this.#row.describe(facts),
    };
  }

  /** A path as the storage gets it; an empty one leads nowhere and stays so. */
  #whole(sent: string | undefined): string | undefined {
    return sent === undefined || sent === "" ? sent : this.#options.conversation.path(sent);
  }
}

const SUCCESS = { status: StatusCode.OK, message: status(StatusCode.OK).message, failed: false };

/** Does what may fail without harm, now or later. */
export function harmless(
  work: () => MaybePromise<void>,
  report: (error: unknown) => void,
): MaybePromise<void> {
  try {
    const result = work();
    return isPromise(result) ? result.catch(report) : undefined;
  } catch (error) {
    report(error);
  }
}
