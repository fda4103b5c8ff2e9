/** Options of a test that connects by ssh2: Deno 2.6 keeps its own ciphers and timers, and calls that a leak. */
export const ciphersMayStay: {
  readonly sanitizeResources?: boolean;
  readonly sanitizeOps?: boolean;
} = Deno.version.deno.startsWith("2.6.") ? { sanitizeResources: false, sanitizeOps: false } : {};
