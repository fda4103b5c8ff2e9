/**
 * Lines as syslog(3) sends them (RFC 3164, section 4.1, without the host).
 *
 * @module
 */

import { LogLevel } from "../session/log.ts";
import type { LogEntry } from "./log_sinks.ts";
import { encodeText, syslogTime } from "./log_text.ts";

/** Facilities by the names that OpenSSH's `-f` takes. */
export const FACILITIES: ReadonlyMap<string, number> = new Map([
  ["USER", 1],
  ["DAEMON", 3],
  ["AUTH", 4],
  ["AUTHPRIV", 10],
  ...Array.from({ length: 8 }, (_, index) => [`LOCAL${index}`, 16 + index] as const),
]);

const CRITICAL = 2;
const ERROR = 3;
const INFORMATIONAL = 6;
const DEBUG = 7;

/** A socket may refuse longer datagrams; syslog daemons cut them far shorter. */
const MAX_DATAGRAM_BYTES = 128 * 1024;

/** The facility and the name under which lines are sent to syslog. */
export interface SyslogSource {
  /** A value of {@linkcode FACILITIES}. */
  readonly facility: number;
  /** The program's name. */
  readonly tag: string;
}

/** A message: priority, local time, program and process, text. */
export function syslogMessage(
  { facility, tag }: SyslogSource,
  { level, time, text }: LogEntry,
): Uint8Array {
  const priority = facility * 8 + severityOf(level);
  const message = `<${priority}>${syslogTime(time)} ${tag}[${Deno.pid}]: ${text}`;
  return encodeText(message).subarray(0, MAX_DATAGRAM_BYTES);
}

/** As OpenSSH maps its levels. */
function severityOf(level: number): number {
  if (level <= LogLevel.FATAL) return CRITICAL;
  if (level === LogLevel.ERROR) return ERROR;
  return level < LogLevel.DEBUG ? INFORMATIONAL : DEBUG;
}
