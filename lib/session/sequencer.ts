import { type Listener, tell } from "../async/later.ts";
import { isPromise } from "../async/maybe_promise.ts";
import { MAX_DATA_LENGTH } from "../wire/constants.ts";
import { CHUNK_BYTES } from "./check_file.ts";
import { numberOf } from "./handles.ts";
import type { Conversation, Order, Row } from "./table.ts";

/** A request as it came. */
export interface Asked {
  readonly row: Row;
  readonly id: number;
  readonly request: unknown;
}

/** Does the requests of a session, and answers them. */
export interface Work {
  /** Begins a request; may throw, return a value or a promise. */
  run(row: Row, request: unknown): unknown;
  /** Writes the reply with what a request gave. */
  answer(asked: Asked, value: unknown): void;
  /** Writes the reply to a request that failed. */
  answerFailure(asked: Asked, error: unknown): void;
}

/** Memory that requests in flight may hold, in bytes. */
const MAX_IN_FLIGHT_BYTES = 8 * 1024 * 1024;

/** What a request costs whose reply is small. */
const SMALL_COST_BYTES = 2_048;

/** Of a request that uses no handle. */
const NO_HANDLE = -2;

/** Requests that may run aside at once: for each, something else is at work, such as a program. */
const MAX_ASIDE = 8;

/** Places of answered requests that are kept while others are in flight. */
const MAX_IDLE_SLOTS = 256;

/**
 * Lets requests of an asynchronous storage overlap as far as their rows allow,
 * and has them answered in the order in which they came. What may not start
 * yet holds up what comes after it, so nothing overtakes; what runs aside is answered when it is
 * done, and everything else meanwhile.
 */
export class Sequencer {
  readonly #conversation: Conversation;
  readonly #work: Work;
  readonly #anyOrder: boolean;
  /** What is in flight, in order, after `#first` places of requests already answered. */
  readonly #slots: Slot[] = [];
  #first = 0;
  /** Requests that run aside, each answered when it is done. */
  #aside = 0;
  #cost = 0;
  #wake: (() => void) | undefined;
  #changed: Promise<void> | undefined;

  /** Called when replies have been written. */
  onReply: () => void = () => {};

  /**
   * Made by a session.
   *
   * @param anyOrder Whether a request is answered before an earlier one that is not done.
   */
  constructor(conversation: Conversation, work: Work, anyOrder = false) {
    this.#conversation = conversation;
    this.#work = work;
    this.#anyOrder = anyOrder;
  }

  /** Whether anything is in flight. */
  get busy(): boolean {
    return this.#slots.length > 0 || this.#aside > 0;
  }

  /**
   * Starts a request as soon as it may.
   *
   * @param begun What its work has already returned; then it is the first in flight.
   * @returns A promise where the next request must wait.
   */
  add(row: Row, id: number, request: unknown, begun?: Promise<unknown>): Promise<void> | undefined {
    const order = row.order(this.#conversation, request);
    const cost = costOf(row, request);
    const slot = new Slot(this, { row, id, request }, { order, cost });
    if (order === "aside") return this.#startAside(slot);
    const alone = begun !== undefined || order === "alone";
    if (!this.#mayStart(slot)) return this.#startLater(slot, alone);
    this.#start(slot, begun);
    return alone && this.#hasTurns ? this.#turnsOver() : undefined;
  }

  /** Settles when nothing is in flight. */
  async idle(): Promise<void> {
    while (this.busy) await this.#change();
  }

  /** Whether anything is in flight that others may have to wait for. */
  get #hasTurns(): boolean {
    return this.#slots.length > 0;
  }

  async #turnsOver(): Promise<void> {
    while (this.#hasTurns) await this.#change();
  }

  /** Answers what is done, as far as nothing before it is under way if the order counts. */
  settled(settled: Slot): void {
    if (settled.order === "aside") {
      this.#aside--;
      settled.answer(this.#work);
      this.onReply();
      this.#wake?.();
      return;
    }
    if (this.#anyOrder) this.#bringForward();
    let next = this.#first;
    while (next < this.#slots.length && this.#slots[next]!.isDone) {
      const slot = this.#slots[next++]!;
      this.#cost -= slot.cost;
      slot.answer(this.#work);
    }
    if (next > this.#first) {
      this.#first = next;
      this.#forget();
      this.onReply();
    }
    this.#wake?.();
  }

  /** Puts what is done before what is not. */
  #bringForward(): void {
    const waiting = this.#slots.splice(this.#first);
    const [done, rest] = [true, false].map((isDone) =>
      waiting.filter((slot) => slot.isDone === isDone)
    );
    this.#slots.push(...done!, ...rest!);
  }

  async #startLater(slot: Slot, alone: boolean): Promise<void> {
    while (!this.#mayStart(slot)) await this.#change();
    this.#start(slot);
    if (alone) await this.#turnsOver();
  }

  /** What came before it is done first; what comes after it does not wait for it. */
  #startAside(slot: Slot): Promise<void> | undefined {
    if (this.#hasTurns || this.#aside === MAX_ASIDE) return this.#startAsideLater(slot);
    this.#aside++;
    this.#begin(slot);
    return undefined;
  }

  async #startAsideLater(slot: Slot): Promise<void> {
    while (this.#hasTurns || this.#aside === MAX_ASIDE) await this.#change();
    this.#startAside(slot);
  }

  #mayStart(slot: Slot): boolean {
    if (!this.#hasTurns) return true;
    if (slot.order === "alone") return false;
    if (this.#cost + slot.cost > MAX_IN_FLIGHT_BYTES) return false;
    if (slot.order === "any") return true;
    for (let index = this.#first; index < this.#slots.length; index++) {
      if (!slot.maySkip(this.#slots[index]!)) return false;
    }
    return true;
  }

  #start(slot: Slot, begun?: Promise<unknown>): void {
    this.#slots.push(slot);
    this.#cost += slot.cost;
    this.#begin(slot, begun);
  }

  #begin(slot: Slot, begun?: Promise<unknown>): void {
    let value: unknown;
    try {
      value = begun ?? this.#work.run(slot.row, slot.request);
    } catch (error) {
      slot.fail(error);
      return;
    }
    if (isPromise(value)) tell(value, slot);
    else slot.succeed(value);
  }

  /** Removes the places of answered requests, seldom enough that it costs nothing. */
  #forget(): void {
    if (this.#first < this.#slots.length && this.#first < MAX_IDLE_SLOTS) return;
    this.#slots.splice(0, this.#first);
    this.#first = 0;
  }

  /** Settles at the next change of what is in flight. */
  #change(): Promise<void> {
    this.#changed ??= new Promise((resolve) => {
      this.#wake = () => {
        this.#changed = undefined;
        this.#wake = undefined;
        resolve();
      };
    });
    return this.#changed;
  }
}

/** A request that was accepted and not yet answered. */
class Slot implements Asked, Listener<unknown> {
  readonly row: Row;
  readonly id: number;
  readonly request: unknown;
  readonly order: Order;
  readonly cost: number;
  isDone = false;
  readonly #sequencer: Sequencer;
  readonly #handle: number;
  #hasFailed = false;
  /** The value or the error. */
  #outcome: unknown;

  constructor(
    sequencer: Sequencer,
    { row, id, request }: Asked,
    { order, cost }: { readonly order: Order; readonly cost: number },
  ) {
    this.row = row;
    this.request = request;
    this.order = order;
    this.cost = cost;
    this.#sequencer = sequencer;
    this.id = id;
    this.#handle = handleOf(request);
  }

  succeed(value: unknown): void {
    this.isDone = true;
    this.#outcome = value;
    this.#sequencer.settled(this);
  }

  fail(error: unknown): void {
    this.#hasFailed = true;
    this.succeed(error);
  }

  answer(work: Work): void {
    if (this.#hasFailed) work.answerFailure(this, this.#outcome);
    else work.answer(this, this.#outcome);
  }

  /** Whether this may begin before `other`, which came earlier, is answered. */
  maySkip(other: Slot): boolean {
    if (other.#handle !== this.#handle) return true;
    // What READDIR leaves for the next one is known when its reply has been written.
    if (this.order === "handle") return false;
    return other.isDone || other.order === this.order;
  }
}

/** What a request may hold in memory: its data, and its largest reply. */
function costOf(row: Row, request: unknown): number {
  if (row.name === "read") {
    const { length } = request as { readonly length: number };
    return SMALL_COST_BYTES + Math.min(length, MAX_DATA_LENGTH);
  }
  if (row.kept !== undefined) return SMALL_COST_BYTES + row.kept(request).length;
  return row.name.startsWith("check-file") ? SMALL_COST_BYTES + CHUNK_BYTES : SMALL_COST_BYTES;
}

/** The handle that a request uses. */
function handleOf(request: unknown): number {
  if (typeof request !== "object" || request === null || !("handle" in request)) return NO_HANDLE;
  return numberOf(request.handle as Uint8Array);
}
