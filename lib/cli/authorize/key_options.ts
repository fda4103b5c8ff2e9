/**
 * Options of a key that sshd itself obeys, as far as `authorize` writes them.
 *
 * @module
 */

import { isIPv4, isIPv6 } from "node:net";
import { UsageError } from "../errors.ts";

/**
 * The patterns of `from=`, if sshd understands them. It refuses every login through a list with a
 * network that it does not understand.
 *
 * @throws {UsageError} If it does not, or if the list lets no address in.
 */
export function sourcePatterns(list: string): string {
  const patterns = list.split(",");
  for (const pattern of patterns) {
    const plain = pattern.replace(/^!/, "");
    if (!/^[\w.*?:/-]+$/.test(plain) || plain.includes("/") && !isNetwork(plain)) {
      throw new UsageError(`--from "${pattern}" is not an address, network or pattern of names`);
    }
  }
  if (patterns.every((pattern) => pattern.startsWith("!"))) {
    throw new UsageError(`--from "${list}" only excludes: put "*" at its end`);
  }
  return list;
}

/**
 * The time of `expiry-time=`, if it is one and still to come.
 *
 * @throws {UsageError} If it is not.
 */
export function expiryTime(text: string, now: Date = new Date()): string {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z)?$/.exec(text);
  const [year = NaN, month = NaN, day = NaN, hour = 0, minute = 0, second = 0] =
    match?.slice(1, 7).map((digits) => digits === undefined ? undefined : Number(digits)) ?? [];
  const utc = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // A date that does not exist would become another one.
  const digits = Number.isNaN(utc.getTime()) ? "" : utc.toISOString().replace(/\D/g, "");
  if (match === null || !digits.startsWith(text.replace("Z", ""))) {
    throw new UsageError(`--expiry-time "${text}" is not YYYYMMDD[HHMM[SS]][Z]`);
  }
  const time = match[7] === undefined ? new Date(year, month - 1, day, hour, minute, second) : utc;
  if (time <= now) throw new UsageError(`--expiry-time "${text}" is over`);
  return text;
}

/** An address and a number of bits, with no bit after them, as sshd wants it. */
function isNetwork(text: string): boolean {
  const [address = "", length = "", more] = text.split("/");
  const size = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  if (more !== undefined || !/^\d{1,3}$/.test(length) || Number(length) > size) return false;
  const host = BigInt(size - Number(length));
  return size > 0 && (bitsOf(address) & ((1n << host) - 1n)) === 0n;
}

function bitsOf(address: string): bigint {
  if (isIPv4(address)) {
    return address.split(".").reduce((bits, part) => bits << 8n | BigInt(part), 0n);
  }
  // A URL writes an address in hexadecimal only.
  const groups = (part: string) => part === "" ? [] : part.split(":");
  const [head = "", tail = ""] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill("0");
  return [...groups(head), ...zeros, ...groups(tail)]
    .reduce((bits, group) => bits << 16n | BigInt(`0x${group}`), 0n);
}
