import { MAX_DATA_LENGTH } from "../wire/constants.ts";
import { CHUNK_LENGTH } from "./check_file.ts";
import type { Conversation, Order, Row } from "./table.ts";

/** What became of a request. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** A request that was accepted and not yet answered. */
interface Slot {
  readonly id: number;
  readonly row: Row;
  readonly cost: number;
  readonly order: Order;
  readonly handle: string;
  outcome: Outcome | undefined;
}

/** Memory that requests in flight may hold, in bytes. */
const MOST_IN_FLIGHT = 8 * 1024 * 1024;

/** What a request costs whose reply is small. */
const SMALL_COST = 2_048;

/**
 * Lets requests of an asynchronous storage overlap as far as their rows allow,
 * and has them answered in the order in which they came. What may not start
 * yet holds up what comes behind it, so nothing overtakes.
 */
export class Sequencer {
  readonly #conversation: Conversation;
  readonly #answer: (id: number, row: Row, outcome: Outcome) => void;
  readonly #slots: Slot[] = [];
  #cost = 0;
  #wake: (() => void) | undefined;
  #changed: Promise<void> | undefined;

  /** Called when replies have been written. */
  onReply: () => void = () => {};

  /** @param answer Writes a reply. */
  constructor(
    conversation: Conversation,
    answer: (id: number, row: Row, outcome: Outcome) => void,
  ) {
    this.#conversation = conversation;
    this.#answer = answer;
  }

  /** Whether anything is in flight. */
  get busy(): boolean {
    return this.#slots.length > 0;
  }

  /**
   * Starts a request as soon as it may.
   *
   * @param start Begins the work; may throw, return a value or a promise.
   * @param wait Take nothing else before this request is done.
   * @returns A promise where the next request must wait.
   */
  add(
    row: Row,
    id: number,
    request: unknown,
    start: () => unknown,
    wait = false,
  ): Promise<void> | undefined {
    const order = row.order(this.#conversation, request);
    const cost = costOf(row, request);
    const handle = handleOf(request);
    const slot: Slot = { id, row, cost, order, handle, outcome: undefined };
    const alone = wait || order === "alone";
    if (this.#mayStart(slot)) {
      this.#start(slot, start);
      return alone && this.busy ? this.idle() : undefined;
    }
    return this.#startLater(slot, start, alone);
  }

  /** Settles when nothing is in flight. */
  async idle(): Promise<void> {
    while (this.busy) await this.#change();
  }

  async #startLater(slot: Slot, start: () => unknown, alone: boolean): Promise<void> {
    while (!this.#mayStart(slot)) await this.#change();
    this.#start(slot, start);
    if (alone) await this.idle();
  }

  #mayStart(slot: Slot): boolean {
    if (!this.busy) return true;
    if (slot.order === "alone") return false;
    if (this.#cost + slot.cost > MOST_IN_FLIGHT) return false;
    if (slot.order === "any") return true;
    return this.#slots.every((other) => {
      if (other.handle !== slot.handle) return true;
      // What READDIR leaves for the next one is known when its reply has been written.
      if (slot.order === "handle") return false;
      return other.outcome !== undefined || other.order === slot.order;
    });
  }

  #start(slot: Slot, start: () => unknown): void {
    this.#slots.push(slot);
    this.#cost += slot.cost;
    let value: unknown;
    try {
      value = start();
    } catch (error) {
      this.#settle(slot, { error });
      return;
    }
    if (value instanceof Promise) {
      value.then(
        (value: unknown) => this.#settle(slot, { value }),
        (error: unknown) => this.#settle(slot, { error }),
      );
    } else {
      this.#settle(slot, { value });
    }
  }

  #settle(slot: Slot, outcome: Outcome): void {
    slot.outcome = outcome;
    let answered = 0;
    for (const { id, row, cost, outcome } of this.#slots) {
      if (outcome === undefined) break;
      this.#answer(id, row, outcome);
      this.#cost -= cost;
      answered++;
    }
    this.#slots.splice(0, answered);
    if (answered > 0) this.onReply();
    this.#wake?.();
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

/** What a request may hold in memory: its data, and its largest reply. */
function costOf(row: Row, request: unknown): number {
  if (row.name === "read") {
    const { length } = request as { readonly length: number };
    return SMALL_COST + Math.min(length, MAX_DATA_LENGTH);
  }
  if (row.name === "write") {
    const { data } = request as { readonly data: Uint8Array };
    return SMALL_COST + data.length;
  }
  return row.name.startsWith("check-file") ? SMALL_COST + CHUNK_LENGTH : SMALL_COST;
}

/** The handle that a request uses, as a key; empty where it uses none. */
function handleOf(request: unknown): string {
  if (typeof request !== "object" || request === null || !("handle" in request)) return "";
  return String(request.handle);
}
