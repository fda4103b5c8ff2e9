import { Buffer } from "node:buffer";

/** Tags of ASN.1. */
const SEQUENCE = 0x30;
const OCTETS = 0x04;

/** Bytes of a private number, by the length of the public point. */
const SCALAR_LENGTHS: Readonly<Record<number, number>> = { 65: 32, 97: 48, 133: 66 };

/**
 * A private key in the form that Deno's cryptography accepts, which is stricter than OpenSSL's:
 * without the bytes that decryption leaves after its end, and with the private number of an elliptic
 * curve in exactly as many bytes as the curve has. ssh2 writes that number as it is in OpenSSH's
 * files: half of them with a zero in front, and a few of them a byte shorter.
 *
 * @returns The text in PEM; the text as given if the key is of another kind.
 */
export function strictPem(pem: string): string {
  const found = /^-----BEGIN ((?:EC|RSA) PRIVATE KEY)-----\s+([A-Za-z0-9+/=\s]+)-----END/
    .exec(pem);
  if (found === null) return pem;
  const [, label = "", base64 = ""] = found;
  const der = Buffer.from(base64, "base64");
  const whole = elementAt(der, 0);
  if (whole === undefined || whole.tag !== SEQUENCE) return pem;
  const body = der.subarray(whole.start, whole.end);
  const strict = element(SEQUENCE, label.startsWith("EC") ? withScalar(body) : body);
  const lines = strict.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** A key of an elliptic curve: its second part is the private number, its last part the point. */
function withScalar(body: Buffer): Buffer {
  const version = elementAt(body, 0);
  const scalar = version === undefined ? undefined : elementAt(body, version.end);
  if (scalar === undefined || scalar.tag !== OCTETS) return body;
  const length = SCALAR_LENGTHS[pointLength(body, scalar.end)];
  if (length === undefined) return body;
  let digits = body.subarray(scalar.start, scalar.end);
  while (digits.length > length && digits[0] === 0) digits = digits.subarray(1);
  const padded = Buffer.concat([Buffer.alloc(Math.max(0, length - digits.length)), digits]);
  return Buffer.concat([
    body.subarray(0, version!.end),
    element(OCTETS, padded),
    body.subarray(scalar.end),
  ]);
}

/** The length of the public point: the bit string in the last of the elements. */
function pointLength(body: Buffer, from: number): number {
  let last: Element | undefined;
  for (let at = from; at < body.length;) {
    last = elementAt(body, at);
    if (last === undefined) return 0;
    at = last.end;
  }
  const bits = last === undefined ? undefined : elementAt(body, last.start);
  // The first byte says how many bits are unused.
  return bits === undefined ? 0 : bits.end - bits.start - 1;
}

/** An element of ASN.1, with its contents from `start` to `end`. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

function elementAt(bytes: Buffer, at: number): Element | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const more = first < 0x80 ? 0 : first & 0x7f;
  if (more > 4 || at + 2 + more > bytes.length) return undefined;
  let length = first;
  if (more > 0) length = bytes.readUIntBE(at + 2, more);
  const start = at + 2 + more;
  return start + length > bytes.length ? undefined : { tag, start, end: start + length };
}

function element(tag: number, contents: Buffer): Buffer {
  const { length } = contents;
  const size: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) size.unshift(rest & 0xff);
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 | size.length, ...size];
  return Buffer.concat([Buffer.from(head), contents]);
}
