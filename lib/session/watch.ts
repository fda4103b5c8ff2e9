import { after, isPromise, rescue } from "../async/maybe_promise.ts";
import type { MaybePromise } from "../storage/storage.ts";
import { StatusCode } from "../wire/constants.ts";
import type { Facts } from "./facts.ts";
import type { Observer, Operation, Outcome, SessionFacts } from "./observer.ts";
import { type Circumstances, ObservedOperation } from "./observed.ts";
import { status, statusOf } from "./status.ts";
import type { Conversation, Row } from "./table.ts";

/** What the observers of a request work with. */
export interface WatchOptions {
  readonly conversation: Conversation;
  readonly session: SessionFacts;
  /** Throws where the policy refuses. */
  readonly allow: (row: Row, request: unknown) => void;
  /** Receives what an observer throws and must not. */
  readonly report: (what: string, error: unknown) => void;
}

/** Runs the requests of one kind, and tells the observers that want to know. */
export class Watch {
  readonly #row: Row;
  readonly #options: WatchOptions;
  /** Of what a client asks, and of what it did not. */
  readonly #asked: Circumstances;
  readonly #forced: Circumstances;
  /** Observers of everything, and observers of failures, which include the former. */
  readonly #everything: readonly Observer[];
  readonly #failures: readonly Observer[];

  private constructor(row: Row, observers: readonly Observer[], options: WatchOptions) {
    this.#row = row;
    this.#options = options;
    const { conversation, session } = options;
    this.#asked = { conversation, session, forced: false };
    this.#forced = { conversation, session, forced: true };
    this.#everything = observers.filter((observer) => observer.interest(row) === "everything");
    this.#failures = observers.filter((observer) => observer.interest(row) !== "nothing");
  }

  /** A watch over requests of this kind; undefined if no observer wants them. */
  static of(row: Row, observers: readonly Observer[], options: WatchOptions): Watch | undefined {
    return observers.every((observer) => observer.interest(row) === "nothing")
      ? undefined
      : new Watch(row, observers, options);
  }

  /** Does a request. */
  run(request: unknown): MaybePromise<unknown> {
    const { conversation, allow } = this.#options;
    if (this.#everything.length === 0) return this.#runUnseen(request);
    const operation = this.#operation(request);
    return this.#observed(operation, request, () => {
      allow(this.#row, request);
      const before = this.#before(operation);
      return after(before, () => this.#row.run(conversation, request));
    });
  }

  /** Closes a handle that the client left open, which no observer can refuse. */
  async force(facts: Facts, close: () => MaybePromise<void>): Promise<void> {
    const operation = new ObservedOperation(this.#row, facts, this.#forced);
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
    const failed = (error: unknown) => this.#failed(this.#operation(request), error, undefined);
    try {
      allow(this.#row, request);
      return rescue(this.#row.run(conversation, request), failed);
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
    let value: MaybePromise<unknown>;
    try {
      value = work();
    } catch (error) {
      return this.#failed(operation, error, performance.now() - start);
    }
    if (!isPromise(value)) return this.#done(operation, { request, value, start });
    return value.then(
      (value) => this.#done(operation, { request, value, start }),
      (error) => this.#failed(operation, error, performance.now() - start),
    );
  }

  /** Tells of a success, and returns its value. */
  #done(
    operation: Operation,
    { request, value, start }: {
      readonly request: unknown;
      readonly value: unknown;
      readonly start: number;
    },
  ): MaybePromise<unknown> {
    const duration = performance.now() - start;
    const found = this.#row.finds?.(value, request);
    const outcome = found === undefined
      ? { status: StatusCode.OK, message: SUCCESS, failed: false, duration }
      : { status: StatusCode.OK, message: SUCCESS, failed: false, duration, ...found };
    const told = this.#tell(this.#everything, operation, outcome);
    return isPromise(told) ? told.then(() => value) : value;
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

  #operation(request: unknown): Operation {
    const facts = this.#row.facts(request, this.#options.conversation);
    return new ObservedOperation(this.#row, facts, this.#asked);
  }

  #before(operation: Operation): MaybePromise<void> {
    if (this.#everything.length === 1) return this.#everything[0]!.before?.(operation);
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
      if (observer.after === undefined) continue;
      settled = isPromise(settled)
        ? settled.then(() => this.#tellOne(observer, operation, outcome))
        : this.#tellOne(observer, operation, outcome);
    }
    return settled;
  }

  #tellOne(observer: Observer, operation: Operation, outcome: Outcome): MaybePromise<void> {
    return catchAndReport(
      () => observer.after?.(operation, outcome),
      (error) => this.#options.report(`an observer of ${operation.name}`, error),
    );
  }
}

const SUCCESS = status(StatusCode.OK).message;

/** Does what may fail without harm, now or later: a failure is only reported. */
export function catchAndReport(
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
