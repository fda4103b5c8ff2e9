/** Bytes of content that the open files of a session hold together, for reading ahead and writing behind. */
const TOTAL = 64 * 1024 * 1024;

/** The memory of a session, which its open files share: the more there are, the less has each. */
export class Budget {
  readonly #total: number;
  readonly #users = new Set<object>();

  constructor(total = TOTAL) {
    this.#total = total;
  }

  /** Bytes for each file that holds content. */
  get share(): number {
    return this.#total / Math.max(1, this.#users.size);
  }

  /** Counts one that holds content, once. */
  join(user: object): void {
    this.#users.add(user);
  }

  /** What it held is free. */
  leave(user: object): void {
    this.#users.delete(user);
  }
}
