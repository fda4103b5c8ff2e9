import type { Libc } from "../linux/libc.ts";
import { COUNTERS_BYTES, countersLine, type SlotCounters } from "./slot.ts";

/** Bytes of the line that ends a session. */
const MAX_KICK_BYTES = 128;

/** The slot of this session. Its lock is held until this process ends. */
export class TakenSlot {
  readonly #libc: Pick<Libc, "pread" | "pwrite">;
  readonly #fd: number;
  /** Where the line of counters begins. */
  readonly #at: number;
  #written = "";

  /** Made by {@linkcode Slots.take}. */
  constructor(libc: Pick<Libc, "pread" | "pwrite">, fd: number, at: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#at = at;
  }

  /**
   * Tells the counters, if they have changed.
   *
   * @returns Why the session must end now; undefined if it need not.
   */
  look(counters: SlotCounters): string | undefined {
    const line = countersLine(counters);
    if (line !== this.#written) {
      // The line has its room already. If the disk fails, the list is out of date, and no more.
      this.#libc.pwrite(this.#fd, new TextEncoder().encode(line), this.#at);
      this.#written = line;
    }
    const kick = new Uint8Array(MAX_KICK_BYTES);
    const count = this.#libc.pread(this.#fd, kick, this.#at + COUNTERS_BYTES);
    if (count <= 0) return undefined;
    const [by = ""] = new TextDecoder().decode(kick.subarray(0, count)).split("\n");
    return `kicked by ${by}`;
  }
}
