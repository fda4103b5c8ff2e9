import type { Transport } from "./stdio.ts";

/** A transport that takes what stands in several places. */
export interface EagerTransport extends Transport {
  /** Writes all of several, in their order. */
  writeAll(parts: readonly Uint8Array[]): Promise<void>;
}

/**
 * Lets long replies be written from where they stand, as far as there is room for them at once. What
 * has none, and what is short, is left to a thread of Deno's: for that somebody has to wait, but
 * meanwhile this one goes on.
 *
 * @returns Undefined where the transport cannot tell whether there is room.
 */
export function eagerOutput(transport: Transport): EagerTransport | undefined {
  const { polling } = transport;
  if (polling === undefined) return undefined;
  return {
    ...transport,
    async writeAll(parts) {
      if (parts.length === 1) return await transport.write(parts[0]!);
      for (const part of parts) {
        const sent = polling.trySend(part);
        if (sent < part.length) await transport.write(part.subarray(sent));
      }
    },
  };
}
