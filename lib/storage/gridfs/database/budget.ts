/** Bytes of content that the open files of a session hold together, for reading ahead and writing behind. */
const TOTAL_BYTES = 64 * 1024 * 1024;

/** The memory of a session, which its open files share: the more there are, the less has each. */
export class Budget {
  readonly #total: number;
  /** Those that hold content, each with what has it hold less. */
  readonly #users = new Map<object, () => void>();

  constructor(total = TOTAL_BYTES) {
    this.#total = total;
  }

  /** Bytes for each file that holds content. */
  get share(): number {
    return this.#total / Math.max(1, this.#users.size);
  }

  /**
   * Counts one that holds content, once.
   *
   * @param shrink Called whenever its share has become smaller: by then it may hold too much.
   */
  join(user: object, shrink: () => void = () => {}): void {
    if (this.#users.has(user)) return;
    const others = [...this.#users.values()];
    this.#users.set(user, shrink);
    for (const shrinkOther of others) shrinkOther();
  }

  /** What it held is free. */
  leave(user: object): void {
    this.#users.delete(user);
  }
}
