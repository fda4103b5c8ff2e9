/**
 * Watches a storage under test: a listing or a file that does not end, or an answer that does not
 * come, must not stop the tests, but must fail one of them by name.
 *
 * @module
 */

import { after, isPromise } from "../async/maybe_promise.ts";
import type {
  DirEntry,
  DirHandle,
  FileHandle,
  MaybePromise,
  Storage,
  StorageExtensions,
} from "../storage/storage.ts";

/** How long the kit waits, in milliseconds. */
export interface Limits {
  /** For the answer to one call. */
  readonly call?: number | undefined;
  /** For everything that one test does. */
  readonly test?: number | undefined;
}

const CALL_LIMIT_MS = 20_000;
const TEST_LIMIT_MS = 120_000;
const LOOK_INTERVAL_MS = 50;

/** No test makes this many entries, or this much content. */
const MAX_ENTRIES = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** The error of a test that was given up because it took too long. */
export class GivenUp extends Error {
  /** `GivenUp` */
  override readonly name = "GivenUp";
}

/** A call whose answer is still missing. */
interface Pending {
  /** The call, as the report names it. */
  readonly what: string;
  readonly since: number;
}

/** What the watch does with the methods of an object. */
interface CallHooks {
  /** How the report names a call. */
  readonly describe: (method: string, args: readonly unknown[]) => string;
  /** Checks an answer; what it returns replaces the answer. */
  readonly inspect?: (method: string, answer: unknown, args: readonly unknown[]) => unknown;
  /** What replaces the extensions. */
  readonly extensions?: StorageExtensions;
}

/** Watches what one test does with its storage. */
export class Watch {
  readonly #callLimit: number;
  readonly #testLimit: number;
  readonly #start = performance.now();
  readonly #pending = new Set<Pending>();
  #last = "nothing was called yet";
  /** The storage's own file of each file that a test has. */
  readonly #files = new WeakMap<object, FileHandle>();

  constructor({ call = CALL_LIMIT_MS, test = TEST_LIMIT_MS }: Limits = {}) {
    this.#callLimit = call;
    this.#testLimit = test;
  }

  /** The same storage, watched. */
  storage(storage: Storage): Storage {
    const extensions = this.#watched(storage.extensions, { describe: (method) => `${method}()` });
    return this.#watched(storage, {
      describe: (method, [path]) => `${method}(${typeof path === "string" ? told(path) : ""})`,
      inspect: (method, answer, [path]) => {
        if (method !== "open" && method !== "openDir") return answer;
        if (typeof answer !== "object" || answer === null) {
          throw new Error(`${method}(${told(String(path))}) returned ${answer}, not an object`);
        }
        if (method === "open") return this.#file(answer as FileHandle, String(path));
        return this.#dir(answer as DirHandle, String(path));
      },
      extensions,
    });
  }

  /** Runs the body of a test; fails if that does not end in time, or waits too long for a call. */
  async bounded(work: () => Promise<void>): Promise<void> {
    let timer: ReturnType<typeof setInterval> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        const reason = this.#reasonToGiveUp();
        if (reason !== undefined) reject(new GivenUp(reason));
      }, LOOK_INTERVAL_MS);
    });
    try {
      await Promise.race([work(), late]);
    } finally {
      clearInterval(timer);
    }
  }

  /** Waits for one call that is not a storage's. */
  async settled<T>(what: string, call: () => MaybePromise<T>): Promise<T> {
    let answer: { readonly value: T } | undefined;
    await this.bounded(async () => {
      answer = { value: await this.#call(what, call) };
    });
    return answer!.value;
  }

  #file(file: FileHandle, path: string): FileHandle {
    let bytes = 0;
    const watched = this.#watched(file, {
      describe: (method) => `${method}() of the file ${told(path)}`,
      inspect: (method, answer, [into]) => {
        if (method !== "read") return answer;
        const room = (into as Uint8Array).length;
        const isCount = Number.isInteger(answer) && (answer as number) >= 0;
        if (!isCount || (answer as number) > room) {
          throw new Error(
            `read() of ${told(path)} returned ${answer} where only ${room} bytes fit`,
          );
        }
        bytes += answer as number;
        if (bytes > MAX_BYTES) {
          throw new Error(`read() of ${told(path)} does not end: 0 means the end`);
        }
        return answer;
      },
    });
    this.#files.set(watched, file);
    return watched;
  }

  #dir(dir: DirHandle, path: string): DirHandle {
    let entries = 0;
    return this.#watched(dir, {
      describe: (method) => `${method}() of the directory ${told(path)}`,
      inspect: (method, answer) => {
        if (method !== "next") return answer;
        if (!Array.isArray(answer)) {
          throw new Error(`next() of the directory ${told(path)} returned ${answer}, not an array`);
        }
        entries += (answer as readonly DirEntry[]).length;
        if (entries > MAX_ENTRIES) {
          const reason = `${entries} entries without an end: an empty array is the end`;
          throw new Error(`next() of the directory ${told(path)} has given ${reason}`);
        }
        return answer;
      },
    });
  }

  /** An object whose methods are watched. */
  #watched<T extends object>(target: T, { describe, inspect, extensions }: CallHooks): T {
    return new Proxy({} as T, {
      get: (_nothing, key) => {
        if (key === "extensions" && extensions !== undefined) return extensions;
        const method: unknown = Reflect.get(target, key, target);
        if (typeof method !== "function") return method;
        return (...args: readonly unknown[]) => {
          const own = args.map((argument) => this.#own(argument));
          const what = describe(String(key), args);
          const answer = this.#call<unknown>(what, () => Reflect.apply(method, target, own));
          return after(answer, (answer) => inspect?.(String(key), answer, args) ?? answer);
        };
      },
      has: (_nothing, key) => Reflect.has(target, key),
    });
  }

  /** The storage's own object for a watched file that a test passes, or for a range between two. */
  #own(argument: unknown): unknown {
    if (typeof argument !== "object" || argument === null) return argument;
    const file = this.#files.get(argument);
    if (file !== undefined) return file;
    if (!("source" in argument && "target" in argument)) return argument;
    const { source, target } = argument;
    return { ...argument, source: this.#own(source), target: this.#own(target) };
  }

  #call<T>(what: string, call: () => MaybePromise<T>): MaybePromise<T> {
    this.#last = what;
    // If everything answers synchronously, no timer gets a turn.
    if (performance.now() - this.#start > this.#testLimit) throw new GivenUp(this.#tooLong());
    const answer = call();
    if (!isPromise(answer)) return answer;
    const pending = { what, since: performance.now() };
    this.#pending.add(pending);
    return answer.finally(() => this.#pending.delete(pending));
  }

  #reasonToGiveUp(): string | undefined {
    const now = performance.now();
    for (const { what, since } of this.#pending) {
      if (now - since <= this.#callLimit) continue;
      return `${what} has not answered in ${this.#callLimit / 1000} s: its promise does not settle`;
    }
    return now - this.#start > this.#testLimit ? this.#tooLong() : undefined;
  }

  #tooLong(): string {
    return `the test has not ended in ${this.#testLimit / 1000} s; the last call: ${this.#last}`;
  }
}

/** A path in a report: in quotes, and with no byte that a terminal would obey. */
function told(path: string): string {
  return JSON.stringify(path);
}
