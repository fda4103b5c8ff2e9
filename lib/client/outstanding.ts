/** Places at first: more than most sessions have requests under way. */
const FIRST_PLACES = 256;

/** Something that has a number while it is outstanding. */
export interface Numbered {
  /** The request's id. */
  id: number;
}

/**
 * What is unanswered, by its id. Ids are given one after the other, and each has the place that its
 * last bits say: finding it costs nothing, and nothing is made for it. Where a place is taken by
 * one that is answered late, there are soon more places.
 */
export class Outstanding<T extends Numbered> {
  #places: (T | undefined)[] = new Array<T | undefined>(FIRST_PLACES).fill(undefined);
  #next = 0;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Gives one its id. */
  add(one: T): void {
    while (this.#places[this.#placeOf(this.#next)] !== undefined) this.#step();
    one.id = this.#next;
    this.#places[this.#placeOf(one.id)] = one;
    this.#next = (one.id + 1) >>> 0;
    this.#size++;
  }

  /** The one with this id. */
  find(id: number): T | undefined {
    const one = this.#places[this.#placeOf(id)];
    return one?.id === id ? one : undefined;
  }

  /** Takes one out. */
  delete(one: T): void {
    if (this.find(one.id) !== one) return;
    this.#places[this.#placeOf(one.id)] = undefined;
    this.#size--;
  }

  /** Takes all out. */
  takeAll(): readonly T[] {
    const all = this.#places.filter((one) => one !== undefined);
    this.#places.fill(undefined);
    this.#size = 0;
    return all.sort((one, other) => one.id - other.id);
  }

  /** Bitwise: an id has 32 bits, and there is a power of two of places. */
  #placeOf(id: number): number {
    return id & (this.#places.length - 1);
  }

  /** Makes the next id one whose place is free: there are more places, or one is left out. */
  #step(): void {
    if (this.#size * 2 < this.#places.length) {
      this.#next = (this.#next + 1) >>> 0;
      return;
    }
    const all = this.#places;
    this.#places = new Array<T | undefined>(all.length * 2).fill(undefined);
    for (const one of all) {
      if (one !== undefined) this.#places[this.#placeOf(one.id)] = one;
    }
  }
}
