import { concat, str } from "./raw.ts";

/** A public key's bytes in base64, with each field after its length (RFC 4253, section 6.6). */
export function keyBlob(...fields: readonly (string | Uint8Array)[]): string {
  return btoa(String.fromCharCode(...concat(...fields.map(str))));
}
