import type { S3Client } from "../client/s3_client.ts";
import { workPrefix } from "../tree/keys.ts";

/** How often a lease is renewed. */
const RENEWAL_MS = 20_000;

/** Work that is unfinished: what another session has to do about it if this one dies. */
export type Work =
  /** The parts of an upload; without an id, it was about to begin. */
  | { readonly kind: "upload"; readonly key: string; readonly upload?: string }
  /** The objects that hold a draft. */
  | { readonly kind: "draft" }
  /** A directory that is renamed; `settle.ts` has the journal. */
  | { readonly kind: "rename" };

/** What the keys of all leases begin with. */
export function leasePrefix(prefix: string): string {
  return `${workPrefix(prefix)}leases/`;
}

/**
 * Objects that say which work of this session is unfinished. They are written again and again as
 * long as the session lives: one that has become old is that of a session that has died.
 */
export class Leases {
  readonly #client: S3Client;
  readonly #prefix: string;
  readonly #held = new Map<string, Work>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(client: S3Client, prefix: string) {
    this.#client = client;
    this.#prefix = leasePrefix(prefix);
  }

  /** Whether a lease is this session's own. */
  holds(id: string): boolean {
    return this.#held.has(id);
  }

  /** Writes a lease, before the work begins. */
  async hold(id: string, work: Work): Promise<void> {
    this.#held.set(id, work);
    this.#timer ??= renewing(() => this.#renew());
    await this.#put(id, work);
  }

  /** Removes a lease, after the work; what cannot be removed now is swept later. */
  async release(id: string): Promise<void> {
    if (!this.#held.delete(id)) return;
    try {
      await this.#client.remove(this.#prefix + id);
    } catch {
      // A lease without work costs the next sweep one request.
    }
  }

  /** Leaves a lease to become old, so that another session does what is left. */
  abandon(id: string): void {
    this.#held.delete(id);
  }

  /** Renews no more. */
  close(): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    for (const [id, work] of [...this.#held]) {
      if (!this.#held.has(id)) continue;
      try {
        await this.#put(id, work);
      } catch {
        // The next time is soon.
      }
    }
  }

  async #put(id: string, work: Work): Promise<void> {
    await this.#client.put(this.#prefix + id, new TextEncoder().encode(JSON.stringify(work)));
    // It was released meanwhile, perhaps before this request was carried out.
    if (!this.#held.has(id)) await this.#client.remove(this.#prefix + id);
  }
}

function renewing(renew: () => Promise<void>): ReturnType<typeof setInterval> {
  const timer = setInterval(() => void renew(), RENEWAL_MS);
  Deno.unrefTimer(timer);
  return timer;
}
