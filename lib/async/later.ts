/** Told what becomes of something, once. */
export interface Listener<T> {
  /** It has come. */
  succeed(value: T): void;
  /** It will never come. */
  fail(error: unknown): void;
}

/**
 * A promise that is told by calls: whoever {@linkcode Later.tell | listens} hears of the outcome
 * at once, in the order in which outcomes come, and nothing is made for it. To everybody else it is
 * a promise as any other, which is made when somebody asks for it.
 *
 * Thousands of small requests in a second pass several hands each. A promise in every hand would
 * cost more than all that is done to them.
 */
export class Later<T> implements Promise<T>, Listener<T> {
  #state: "pending" | "success" | "failure" = "pending";
  /** The value or the error. */
  #outcome: unknown;
  #listener: Listener<T> | undefined;
  #promise: Promise<T> | undefined;

  /** As every promise has one. */
  get [Symbol.toStringTag](): string {
    return "Later";
  }

  /** Settles with a value. */
  succeed(value: T): void {
    if (this.#state !== "pending") return;
    this.#state = "success";
    this.#outcome = value;
    this.#listener?.succeed(value);
  }

  /** Settles with a failure; where nobody has listened by the end of the turn, it is an uncaught one. */
  fail(error: unknown): void {
    if (this.#state !== "pending") return;
    this.#state = "failure";
    this.#outcome = error;
    if (this.#listener === undefined) this.#promise = Promise.reject(error);
    else this.#listener.fail(error);
  }

  /** Has `listener` told: at once where the outcome is there already. */
  tell(listener: Listener<T>): void {
    if (this.#state === "success") {
      listener.succeed(this.#outcome as T);
    } else if (this.#state === "failure") {
      // Now somebody has listened.
      this.#promise?.catch(() => undefined);
      listener.fail(this.#outcome);
    } else {
      this.#listener = this.#listener === undefined ? listener : both(this.#listener, listener);
    }
  }

  /** What `next` makes of the value; the failure of that, or else of this. */
  map<R>(next: (value: T) => R | Promise<R>): Later<R> {
    const mapped = new Later<R>();
    this.tell(new Mapping(mapped, next));
    return mapped;
  }

  /** The value or, after a failure, what `recover` makes of that. */
  rescue(recover: (error: unknown) => T | Promise<T>): Later<T> {
    const rescued = new Rescued<T>(recover);
    this.tell(rescued);
    return rescued;
  }

  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#native.then(onValue, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#native.catch(onError);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.#native.finally(onEnd);
  }

  get #native(): Promise<T> {
    this.#promise ??= new Promise((succeed, fail) => this.tell({ succeed, fail }));
    return this.#promise;
  }
}

/** Has `listener` told what becomes of a promise, of which kind it may be. */
export function tell<T>(promise: Promise<T>, listener: Listener<T>): void {
  if (promise instanceof Later) {
    promise.tell(listener);
    return;
  }
  promise.then((value) => listener.succeed(value), (error) => listener.fail(error));
}

/** Settles another with what is made of the value. */
class Mapping<T, R> implements Listener<T> {
  readonly #mapped: Later<R>;
  readonly #next: (value: T) => R | Promise<R>;

  constructor(mapped: Later<R>, next: (value: T) => R | Promise<R>) {
    this.#mapped = mapped;
    this.#next = next;
  }

  succeed(value: T): void {
    settle(this.#mapped, this.#next, value);
  }

  fail(error: unknown): void {
    this.#mapped.fail(error);
  }
}

/** Told of a failure, it settles with what is made of that, once. */
class Rescued<T> extends Later<T> {
  #recover: ((error: unknown) => T | Promise<T>) | undefined;

  constructor(recover: (error: unknown) => T | Promise<T>) {
    super();
    this.#recover = recover;
  }

  override fail(error: unknown): void {
    const recover = this.#recover;
    this.#recover = undefined;
    if (recover === undefined) super.fail(error);
    else settle(this, recover, error);
  }
}

/** Settles with what `work` makes of `input`, now or later. */
function settle<T, R>(later: Later<R>, work: (input: T) => R | Promise<R>, input: T): void {
  let value: R | Promise<R>;
  try {
    value = work(input);
  } catch (error) {
    later.fail(error);
    return;
  }
  if (value instanceof Later || value instanceof Promise) tell(value, later);
  else later.succeed(value);
}

function both<T>(first: Listener<T>, second: Listener<T>): Listener<T> {
  return {
    succeed(value) {
      first.succeed(value);
      second.succeed(value);
    },
    fail(error) {
      first.fail(error);
      second.fail(error);
    },
  };
}
