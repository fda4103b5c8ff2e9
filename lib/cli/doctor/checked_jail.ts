import type { JailOptions } from "../jail/options.ts";
import type { Identity } from "../start/host.ts";

/** A jail that can be looked at. */
export interface CheckedJail {
  /** Its real path. */
  readonly directory: string;
  readonly options: JailOptions;
  readonly who: Identity;
}
