import type { FileAttrs, OpenOptions, VirtualPath } from "../storage/storage.ts";
import type { Facts } from "./facts.ts";
import type { Operation, SessionFacts } from "./observer.ts";
import { boundedField } from "./log.ts";
import type { Conversation, Row } from "./table.ts";

/** Whose request it is, and how it came. */
export interface Circumstances {
  readonly conversation: Conversation;
  readonly session: SessionFacts;
  readonly forced: boolean;
}

/** An operation that works out no more than it is asked: most are told in one line, and forgotten. */
export class ObservedOperation implements Operation {
  readonly #row: Row;
  readonly #facts: Facts;
  readonly #circumstances: Circumstances;

  constructor(row: Row, facts: Facts, circumstances: Circumstances) {
    this.#row = row;
    this.#facts = facts;
    this.#circumstances = circumstances;
  }

  get name(): string {
    return this.#row.name;
  }

  get mutates(): boolean {
    return this.#row.mutates;
  }

  get level(): number {
    return this.#row.level;
  }

  get session(): SessionFacts {
    return this.#circumstances.session;
  }

  get forced(): boolean {
    return this.#circumstances.forced;
  }

  get path(): VirtualPath | undefined {
    return this.#whole(this.#facts.path);
  }

  get to(): VirtualPath | undefined {
    return this.#whole(this.#facts.to);
  }

  get target(): string | undefined {
    return this.#facts.target;
  }

  get text(): string | undefined {
    return this.#facts.text;
  }

  get options(): OpenOptions | undefined {
    return this.#facts.options;
  }

  get pflags(): number | undefined {
    return this.#facts.pflags;
  }

  get attrs(): FileAttrs | undefined {
    return this.#facts.attrs;
  }

  get offset(): number | undefined {
    return this.#facts.offset;
  }

  get length(): number | undefined {
    return this.#facts.length;
  }

  get data(): Uint8Array | undefined {
    return this.#facts.data;
  }

  get targetOffset(): number | undefined {
    return this.#facts.targetOffset;
  }

  get uids(): readonly number[] | undefined {
    return this.#facts.uids;
  }

  get gids(): readonly number[] | undefined {
    return this.#facts.gids;
  }

  get kind(): "file" | "directory" | undefined {
    return this.#facts.kind;
  }

  get bytesRead(): number | undefined {
    return this.#facts.bytesRead;
  }

  get bytesWritten(): number | undefined {
    return this.#facts.bytesWritten;
  }

  get openFor(): number | undefined {
    return this.#facts.openFor;
  }

  describe(): readonly string[] {
    return this.#row.describe(bounded(this.#facts));
  }

  /** A path as the storage gets it; an empty one leads nowhere and stays so. */
  #whole(sent: string | undefined): string | undefined {
    return sent === undefined || sent === "" ? sent : this.#circumstances.conversation.path(sent);
  }
}

/** As written to a log; they are copied only if one of them is long. */
function bounded(facts: Facts): Facts {
  const path = boundedField(facts.path);
  const to = boundedField(facts.to);
  const target = boundedField(facts.target);
  const text = boundedField(facts.text);
  const isWhole = path === facts.path && to === facts.to && target === facts.target &&
    text === facts.text;
  return isWhole ? facts : { ...facts, path, to, target, text };
}
