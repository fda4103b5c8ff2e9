/** Limits the bytes of bodies that are on their way at the same time, first come, first served. */
export class Gate {
  readonly #total: number;
  #used = 0;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];

  /** @param total Bytes; a larger body travels alone. */
  constructor(total: number) {
    this.#total = total;
  }

  /** Does `work` with a body of `bytes` bytes as soon as there is room for it. */
  async pass<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    await this.enter(bytes);
    try {
      return await work();
    } finally {
      this.leave(bytes);
    }
  }

  /** Waits for room; {@linkcode leave} must follow. */
  async enter(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#used += bytes;
      return;
    }
    await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
  }

  /** Makes room again. */
  leave(bytes: number): void {
    this.#used -= bytes;
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes);) {
      this.#used += next.bytes;
      this.#waiting.shift();
      next.enter();
      next = this.#waiting[0];
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#total;
  }
}
