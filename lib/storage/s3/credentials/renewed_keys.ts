import type { Keys, KeySource } from "../client/keys.ts";
import { S3Error } from "../client/s3_errors.ts";
import { messageOf } from "../../../message_of.ts";
import { CredentialsError, type KeyPlace } from "./place.ts";

/** Keys are renewed so long before they expire, while requests still use them. */
const EARLY_MS = 5 * 60_000;

/** Keys that are valid for less are not used, because clocks differ and requests take time. */
const LATE_MS = 60_000;

/** The least time between two attempts to renew. */
const PAUSE_MS = 30_000;

/** Keys that are got again before they expire. */
export class RenewedKeys implements KeySource {
  readonly #place: KeyPlace;
  readonly #report: ((line: string) => void) | undefined;
  readonly #now: () => number;
  #current: Keys;
  #renewing: Promise<void> | undefined;
  #notBefore = 0;

  /**
   * @param first The keys that the place has given at the start.
   * @param report Is told why keys could not be renewed.
   */
  constructor(
    place: KeyPlace,
    first: Keys,
    { report, now = Date.now }: {
      readonly report?: ((line: string) => void) | undefined;
      readonly now?: () => number;
    } = {},
  ) {
    this.#place = place;
    this.#current = first;
    this.#report = report;
    this.#now = now;
  }

  async keys(): Promise<Keys> {
    const { expires } = this.#current;
    if (expires === undefined) return this.#current;
    const left = () => Number(this.#current.expires ?? Infinity) - this.#now();
    if (left() < EARLY_MS) {
      const renewing = this.#renew();
      if (left() < LATE_MS) await renewing;
    }
    if (left() > 0) return this.#current;
    throw new S3Error("failure", "the keys to the bucket have expired and cannot be renewed");
  }

  async renew(refused: Keys): Promise<Keys> {
    // Another request may have renewed them meanwhile.
    if (this.#current === refused && refused.expires !== undefined) await this.#renew();
    return this.#current;
  }

  /** Gets new keys, once for all that want them; a failure is reported, and the old ones stay. */
  #renew(): Promise<void> {
    if (this.#renewing === undefined && this.#now() < this.#notBefore) return Promise.resolve();
    return this.#renewing ??= this.#load().finally(() => this.#renewing = undefined);
  }

  async #load(): Promise<void> {
    this.#notBefore = this.#now() + PAUSE_MS;
    try {
      this.#current = await this.#place.load();
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error;
      this.#report?.(`the keys from ${this.#place.name} cannot be renewed: ${messageOf(error)}`);
    }
  }
}
