import { Later } from "./later.ts";

/** A value now or later: a local storage answers at once, a remote one by a promise. */
export type MaybePromise<T> = T | Promise<T>;

/** Tells a promise from a value that is there. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise || value instanceof Later;
}

/**
 * Continues with a value when it is there: at once if it is not a promise. The
 * one place where the two ways part.
 */
export function after<T, R>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<R>,
): MaybePromise<R> {
  if (value instanceof Later) return value.map(next);
  return isPromise(value) ? value.then(next) : next(value);
}

/** The value or, after a failure, what `recover` returns for it. */
export function rescue<T>(
  value: Promise<T>,
  recover: (failure: unknown) => MaybePromise<T>,
): Promise<T>;
export function rescue<T>(
  value: MaybePromise<T>,
  recover: (failure: unknown) => MaybePromise<T>,
): MaybePromise<T>;
export function rescue<T>(
  value: MaybePromise<T>,
  recover: (failure: unknown) => MaybePromise<T>,
): MaybePromise<T> {
  if (value instanceof Later) return value.rescue(recover);
  return isPromise(value) ? value.catch(recover) : value;
}

/** Runs step after step until one returns false, without waiting as long as they answer at once. */
export function repeat(step: () => MaybePromise<boolean>): MaybePromise<void> {
  for (;;) {
    const more = step();
    if (isPromise(more)) return repeatLater(more, step);
    if (!more) return;
  }
}

async function repeatLater(
  first: Promise<boolean>,
  step: () => MaybePromise<boolean>,
): Promise<void> {
  let more = await first;
  while (more) more = await step();
}

/** What `work` returns or, when it fails, now or later, what `recover` returns for the failure. */
export function orElse<T>(
  work: () => MaybePromise<T>,
  recover: (failure: unknown) => MaybePromise<T>,
): MaybePromise<T> {
  let value: MaybePromise<T>;
  try {
    value = work();
  } catch (failure) {
    return recover(failure);
  }
  return rescue(value, recover);
}

/** Does work for one item after the other, without waiting as long as it answers at once. */
export function inTurn<T>(
  items: Iterable<T>,
  work: (item: T) => MaybePromise<void>,
): MaybePromise<void> {
  const rest = items[Symbol.iterator]();
  return repeat(() => {
    const { done, value } = rest.next();
    return done ? false : after(work(value), () => true);
  });
}
