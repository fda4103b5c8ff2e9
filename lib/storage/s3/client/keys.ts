/** What requests are signed with. */
export interface Keys {
  /** The public half. */
  readonly accessKeyId: string;
  /** The secret half. */
  readonly secretAccessKey: string;
  /** Only with keys that expire. */
  readonly sessionToken?: string | undefined;
  /** Absent if they are valid until they are withdrawn. */
  readonly expires?: Date | undefined;
}

/** Keys that are valid at any time. */
export interface KeySource {
  /** Keys that are valid now. */
  keys(): Promise<Keys>;
  /** Other keys than those, which the server has refused; the same if there are no others. */
  renew(refused: Keys): Promise<Keys>;
}

/** Keys that never change. */
export function fixedKeys(keys: Keys): KeySource {
  return { keys: () => Promise.resolve(keys), renew: () => Promise.resolve(keys) };
}
