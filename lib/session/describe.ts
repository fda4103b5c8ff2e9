/**
 * Log lines in OpenSSH's own words, which log readers know.
 *
 * @module
 */

import { DEFAULT_FILE_MODE } from "../attrs.ts";
import { OpenFlag } from "../wire/constants.ts";
import type { Facts } from "./facts.ts";
import { localTime } from "./zone/local_time.ts";

const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [OpenFlag.READ, "READ"],
  [OpenFlag.WRITE, "WRITE"],
  [OpenFlag.APPEND, "APPEND"],
  [OpenFlag.CREAT, "CREATE"],
  [OpenFlag.TRUNC, "TRUNCATE"],
  [OpenFlag.EXCL, "EXCL"],
];

/** `open "p" flags WRITE,CREATE mode 0644` */
export function describeOpen({ path, pflags = 0, attrs }: Facts): readonly string[] {
  const flags = FLAG_NAMES.filter(([flag]) => pflags & flag).map(([, name]) => name).join(",");
  return [
    `open "${path}" flags ${flags} mode 0${(attrs?.permissions ?? DEFAULT_FILE_MODE).toString(8)}`,
  ];
}

/** One line for each attribute that is changed: `set "p" mode 0644`. */
export function describeAttrs({ path, attrs = {} }: Facts): readonly string[] {
  const { size, permissions, atime, mtime, uid, gid } = attrs;
  const lines: string[] = [];
  const subject = `set "${path}"`;
  if (size !== undefined) lines.push(`${subject} size ${size}`);
  if (permissions !== undefined) lines.push(`${subject} mode ${octal(permissions)}`);
  if (atime !== undefined && mtime !== undefined) {
    lines.push(`${subject} modtime ${compactTime(mtime)}`);
  }
  if (uid !== undefined && gid !== undefined) lines.push(`${subject} owner ${uid} group ${gid}`);
  return lines;
}

/** As C's `%04o` of the mode, with whatever bits were sent. */
function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** As `strftime`'s `%Y%m%d-%H:%M:%S`, in local time. */
function compactTime(seconds: number): string {
  const { year, month, day, hour, minute, second } = localTime(seconds);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${year}${two(month + 1)}${two(day)}-${two(hour)}:${two(minute)}:${two(second)}`;
}
