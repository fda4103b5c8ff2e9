/**
 * The most bytes of content that the open files of a session hold together, for reading ahead and
 * writing behind.
 */
const TOTAL_BYTES = 64 * 1024 * 1024;

/** The memory of a session, which its open files share: the more files, the smaller each share. */
export class Budget {
  readonly #total: number;
  /** The files that hold content, each with the callback that makes it hold less. */
  readonly #users = new Map<object, () => void>();

  constructor(total = TOTAL_BYTES) {
    this.#total = total;
  }

  /** Bytes that each file with content may hold. */
  get share(): number {
    return this.#total / Math.max(1, this.#users.size);
  }

  /**
   * Counts a file that holds content, once.
   *
   * @param shrink Called whenever the share becomes smaller: the file may then hold too much.
   */
  join(user: object, shrink: () => void = () => {}): void {
    if (this.#users.has(user)) return;
    const others = [...this.#users.values()];
    this.#users.set(user, shrink);
    for (const shrinkOther of others) shrinkOther();
  }

  /** Frees the share of a file. */
  leave(user: object): void {
    this.#users.delete(user);
  }
}
