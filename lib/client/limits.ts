import { MAX_DATA_LENGTH, MAX_PACKET_LENGTH } from "../wire/constants.ts";
import { Extension, type Limits } from "../wire/extensions.ts";
import { LIMITS } from "./calls.ts";
import type { Connection } from "./connection.ts";
import { SftpStatusError } from "./errors.ts";

/** Bytes of data in a packet that every server takes (draft-ietf-secsh-filexfer-02, section 3). */
const DEFAULT_DATA_BYTES = 32 * 1024;

/** Bytes of a packet that every server takes. */
const DEFAULT_PACKET_BYTES = 34_000;

/** Room in a packet for the fields around the data, as OpenSSH counts it. */
const HEADER_BYTES = 1024;

/** What is sent to a server that does not say, and asked of it: what the draft guarantees. */
const DEFAULTS: Limits = {
  maxPacketLength: DEFAULT_PACKET_BYTES,
  maxReadLength: DEFAULT_DATA_BYTES,
  maxWriteLength: DEFAULT_DATA_BYTES,
  maxOpenHandles: 0,
};

/** Asks a server what it takes in one packet, and cuts that to what this client takes. */
export async function askLimits(connection: Connection): Promise<Limits> {
  if (!connection.extensions.has(Extension.LIMITS)) return DEFAULTS;
  try {
    return effectiveLimits(await connection.request(LIMITS, undefined));
  } catch (error) {
    // A server may advertise what its policy then refuses.
    if (error instanceof SftpStatusError) return DEFAULTS;
    throw error;
  }
}

function effectiveLimits(said: Limits): Limits {
  const packet = Math.min(said.maxPacketLength || Infinity, MAX_PACKET_LENGTH);
  const data = Math.max(1, Math.min(packet - HEADER_BYTES, MAX_DATA_LENGTH));
  return {
    maxPacketLength: packet,
    maxReadLength: Math.min(said.maxReadLength || Infinity, data),
    maxWriteLength: Math.min(said.maxWriteLength || Infinity, data),
    maxOpenHandles: said.maxOpenHandles,
  };
}
