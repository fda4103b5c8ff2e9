import type { BeforePublish } from "../storage/finished_upload.ts";

export type { BeforePublish, FinishedUpload } from "../storage/finished_upload.ts";

/** What `atomic` does besides; all of it may be absent. */
export interface AtomicOptions {
  /** Decides about each upload. */
  readonly beforePublish?: BeforePublish | undefined;
  /** Whether content and name are stored on the disk before CLOSE is answered. */
  readonly sync?: boolean | undefined;
  /** Is told what was unusually expensive. */
  readonly log?: ((line: string) => void) | undefined;
}
