/**
 * Bytes written as hexadecimal digits, as in a specification: white space separates them, `"…"` is
 * ASCII text, and `#` begins a comment that ends with its line.
 */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const [, remark, quoted, digits] of text.matchAll(TOKEN)) {
    if (remark !== undefined) continue;
    if (quoted !== undefined) bytes.push(...new TextEncoder().encode(quoted));
    else if (digits !== undefined) bytes.push(...bytesOfDigits(digits));
  }
  return Uint8Array.from(bytes);
}

/** The hexadecimal digits of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const TOKEN = /(#.*)|"([^"]*)"|([^\s"#]+)/g;

function bytesOfDigits(digits: string): number[] {
  const pairs = digits.match(/[0-9a-f]{2}/g) ?? [];
  if (pairs.join("") !== digits) throw new TypeError(`Cannot read "${digits}" as bytes`);
  return pairs.map((pair) => parseInt(pair, 16));
}
