import { withTimeout } from "../async/with_timeout.ts";
import { messageOf } from "../message_of.ts";
import type { HookEvent, HookPlan } from "./events.ts";
import { type HookResult, lineOf, MessageReader } from "./messages.ts";

/** The pipes of the helper process. */
export interface HelperPipes {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
}

/** How a command ended: by a status of its own, or by a failure that is not its decision. */
export type HookOutcome = Omit<HookResult, "id">;

/** Milliseconds that the helper has to report a command that it has killed. */
const REPORT_GRACE_MS = 2_000;

/** Milliseconds for the helper's own end, which nothing depends on. */
const END_GRACE_MS = 1_000;

/** Events that may wait to be told; the next one keeps its request waiting. */
const MAX_WAITING = 64;

const HELPER_DEAD: HookOutcome = { failure: "the helper process has ended", stderr: "" };
const HELPER_SILENT: HookOutcome = { failure: "the helper process does not answer", stderr: "" };

/** The session's side of its helper process. Once that has ended, every command fails. */
export class HookRunner {
  readonly #plan: HookPlan;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #pending = new Map<number, (outcome: HookOutcome) => void>();
  readonly #reading: Promise<void>;
  #isDead = false;
  #last = 0;
  /** Called when a command has ended. */
  #onSettled: () => void = () => {};

  constructor(plan: HookPlan, { readable, writable }: HelperPipes) {
    this.#plan = plan;
    this.#writer = writable.getWriter();
    this.#reading = this.#read(readable);
  }

  /** Whether there is a command for this event. */
  has(event: HookEvent): boolean {
    return this.#plan.commands.some((command) => command.event === event);
  }

  /** Whether a command that could not decide lets the request pass. */
  get isOpenOnFailure(): boolean {
    return this.#plan.onFailure === "accept";
  }

  /**
   * Runs the commands for an event, one after another, until one does not end with status 0.
   *
   * @returns How the last one ended.
   */
  async decide(event: HookEvent, document: string): Promise<HookOutcome> {
    let outcome: HookOutcome = { status: 0, stderr: "" };
    for (const command of this.#commandsFor(event)) {
      outcome = await this.#run(command, document, this.#plan.timeout + REPORT_GRACE_MS);
      if (outcome.status !== 0) break;
    }
    return outcome;
  }

  /**
   * Has the commands for an event run after those of the events before it, and does not wait.
   *
   * @param ended Called when one has ended.
   * @returns A promise if too many wait already.
   */
  tell(
    event: HookEvent,
    document: string,
    ended: (outcome: HookOutcome) => void,
  ): Promise<unknown> | undefined {
    const told = this.#commandsFor(event).map(async (command) =>
      ended(await this.#run(command, document, undefined))
    );
    return this.#pending.size > MAX_WAITING ? Promise.race(told) : undefined;
  }

  /** Waits for what is running, as long as one command may take, and lets the helper end. */
  async close(): Promise<void> {
    await withTimeout(this.#idle(), this.#plan.timeout, undefined);
    const closed = this.#writer.close().catch(() => this.#die());
    const ended = this.#pending.size === 0 ? closed.then(() => this.#reading) : closed;
    await withTimeout(ended, END_GRACE_MS, undefined);
  }

  async #idle(): Promise<void> {
    while (this.#pending.size > 0) {
      await new Promise<void>((resolve) => this.#onSettled = resolve);
    }
  }

  #commandsFor(event: HookEvent): readonly number[] {
    return [...this.#plan.commands.keys()]
      .filter((index) => this.#plan.commands[index]!.event === event);
  }

  #run(command: number, document: string, limit: number | undefined): Promise<HookOutcome> {
    if (this.#isDead) return Promise.resolve(HELPER_DEAD);
    const id = ++this.#last;
    return new Promise((resolve) => {
      const timer = limit === undefined
        ? undefined
        : setTimeout(() => this.#settle(id, HELPER_SILENT), limit);
      this.#pending.set(id, (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      });
      this.#writer.write(lineOf({ id, command, document })).catch(() => this.#die());
    });
  }

  #settle(id: number, outcome: HookOutcome): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.(outcome);
    this.#onSettled();
  }

  #die(): void {
    this.#isDead = true;
    for (const id of [...this.#pending.keys()]) this.#settle(id, HELPER_DEAD);
  }

  async #read(readable: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const messages = new MessageReader<HookResult>();
    try {
      for await (const bytes of readable) {
        for (const { id, ...outcome } of messages.take(bytes)) this.#settle(id, outcome);
      }
    } catch (error) {
      // What is not a message ends the conversation, as the end of the pipe does.
      for (const id of [...this.#pending.keys()]) {
        this.#settle(id, { failure: `the helper process: ${messageOf(error)}`, stderr: "" });
      }
    }
    this.#die();
  }
}
