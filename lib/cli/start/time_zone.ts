/**
 * The time zone of this machine, found as glibc does (tzset(3)): JavaScript does
 * not know the POSIX form of TZ and takes it for UTC.
 *
 * @module
 */

import { granted } from "../../permissions.ts";
import { useZone } from "../../session/zone/local_time.ts";
import { posixZone } from "../../session/zone/posix_zone.ts";
import { tzifZone } from "../../session/zone/tzif.ts";
import type { Zone } from "../../session/zone/zone.ts";
import { environment } from "./host.ts";
import { isUnseen } from "../jail/containment.ts";

const ZONEINFO = "/usr/share/zoneinfo";
const LOCAL_TIME = "/etc/localtime";

/** More bytes than any zone file has. */
const MAX_BYTES = 256 * 1024;

const UTC: Zone = () => ({ offset: 0, from: -Infinity, until: Infinity });

/**
 * Reads the zone, while files can still be opened. If TZ or its file may not be read, the zone is
 * the one of JavaScript.
 */
export function openTimeZone(): void {
  if (Deno.build.os !== "linux" || !granted({ name: "env", variable: "TZ" })) {
    // Has JavaScript read the zone file.
    new Date().getTimezoneOffset();
    return;
  }
  const zone = zoneOf(environment("TZ"));
  if (zone === undefined) new Date().getTimezoneOffset();
  else useZone(zone);
}

/** The zone that a value of TZ means; undefined if that cannot be told. */
export function zoneOf(variable: string | undefined): Zone | undefined {
  if (variable === undefined) return zoneInFile(LOCAL_TIME);
  const text = variable.replace(/^:/, "");
  if (text === "") return UTC;
  const folder = environment("TZDIR") ?? ZONEINFO;
  const file = text.startsWith("/") ? text : `${folder}/${text}`;
  return zoneInFile(file) ?? posixZone(text);
}

function zoneInFile(path: string): Zone | undefined {
  if (!granted({ name: "read", path })) return undefined;
  try {
    // Opening a FIFO would block, and a device may have no end.
    const { isFile, size } = Deno.statSync(path);
    if (!isFile || size > MAX_BYTES) return undefined;
    return tzifZone(Deno.readFileSync(path));
  } catch (error) {
    if (isUnseen(error)) return undefined;
    throw error;
  }
}
