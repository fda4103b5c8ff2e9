import { decodeName } from "../names.ts";
import { PacketType, SFTP_VERSION } from "../wire/constants.ts";
import { ProtocolError } from "../wire/errors.ts";
import type { Reader } from "../wire/reader.ts";
import { readVersion } from "../wire/replies.ts";

const MAX_QUOTE_BYTES = 200;

/** Extensions that a server advertises: names and what it says about each, mostly a version. */
export type AdvertisedExtensions = ReadonlyMap<string, string>;

/**
 * Reads the server's first packet, which must be VERSION, from its type on.
 *
 * @throws {ProtocolError} If it is something else, or not version 3.
 */
export function readGreeting(packet: Reader): AdvertisedExtensions {
  const type = packet.u8();
  if (type !== PacketType.VERSION) {
    throw new ProtocolError(`a packet of type ${type} came as the reply to INIT`);
  }
  const { version, extensions } = readVersion(packet);
  if (version !== SFTP_VERSION) {
    throw new ProtocolError(`the server speaks SFTP version ${version}, not ${SFTP_VERSION}`);
  }
  return new Map(extensions);
}

/**
 * The text that a server sent in place of SFTP: what a login shell prints, or
 * why an account is closed. Undefined where the bytes are no text.
 */
export function textInsteadOfSftp(chunk: Uint8Array): string | undefined {
  const text = decodeName(chunk.subarray(0, MAX_QUOTE_BYTES)).trim();
  const [line] = text.split(/[\r\n]/, 1);
  return line !== undefined && /^[\t\x20-\x7e\x80-\u{10ffff}]{4,}$/u.test(line) ? line : undefined;
}
