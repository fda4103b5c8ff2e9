// The types of `@std/assert` that this project uses; `assert.ts` says why they are here. Every
// assertion throws an AssertionError when it does not hold, with `msg` in its message.

/** What an assertion throws when it does not hold. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions);
}

/** A class, abstract or not, whose instances are `T`. */
type ClassOf<T> = abstract new (...args: never[]) => T;

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg?: string): asserts expr;

/** Asserts that `expr` is falsy. */
export function assertFalse(expr: unknown, msg?: string): asserts expr is Falsy;

/** What counts as false. */
type Falsy = false | 0 | 0n | "" | null | undefined;

/** Whether `a` and `b` are deeply equal, as `assertEquals` decides. */
export function equal(a: unknown, b: unknown): boolean;

/** Asserts that the two are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that the two are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that the two are the same by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T;

/** Asserts that the two are not the same by `Object.is`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void;

/** Asserts that the text matches the expression. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void;

/** Asserts that the text does not match the expression. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void;

/** Asserts that the value is an instance of the class. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: ClassOf<T>,
  msg?: string,
): asserts actual is T;

/** Asserts that `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void;

/** Asserts that `fn` throws, and returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Asserts that `fn` throws an `errorClass` with the text, and returns it. */
export function assertThrows<E extends Error>(
  fn: () => unknown,
  errorClass: ClassOf<E>,
  msgIncludes?: string,
  msg?: string,
): E;

/** Asserts that the promise of `fn` is rejected, and resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Asserts that the promise of `fn` is rejected with an `errorClass` with the text. */
export function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ClassOf<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;

/** Throws an AssertionError. */
export function fail(msg?: string): never;

/** Throws an AssertionError: this place is never reached. */
export function unreachable(msg?: string): never;
