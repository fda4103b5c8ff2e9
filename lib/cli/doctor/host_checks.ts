import { textInProc } from "../jail/containment.ts";
import { environment, type Identity } from "../start/host.ts";
import { zoneOf } from "../start/time_zone.ts";
import { bad, type Finding, ok, warn } from "./finding.ts";

/** A session with fewer descriptors serves hardly any client. */
const FEW_DESCRIPTORS = 256;

const BYTES_PER_GIB = 2 ** 30;

/** What a session finds around it: its rights, limits, `/proc` and the time zone. */
export function* checkHost({ uid }: Identity): Iterable<Finding> {
  if (uid === 0) {
    yield warn("user: this looks as root, whom no mode stops; use --user NAME of the doctor");
  }
  yield* checkProcAndLimits();
  const zone = environment("TZ");
  if (zone !== undefined && zoneOf(zone) === undefined) {
    yield warn(`time zone: TZ=${zone} names none, so times in the log are in UTC`);
  } else yield ok(`time zone: ${zone === undefined ? "of /etc/localtime" : `TZ=${zone}`}`);
}

function* checkProcAndLimits(): Iterable<Finding> {
  if (Deno.build.os !== "linux") return;
  const limits = textInProc("/proc/self/limits");
  if (limits === "") {
    return yield bad("/proc: cannot be read, and is needed", "mount -t proc proc /proc");
  }
  const files = limitIn(limits, "open files");
  const text = `limits: ${files} open files`;
  if (files < FEW_DESCRIPTORS) yield bad(`${text} are few (nofile in limits.conf)`);
  else yield ok(text);
  const space = limitIn(limits, "address space");
  if (space !== Infinity) {
    const size = (space / BYTES_PER_GIB).toFixed(1);
    yield warn(`limits: ${size} GiB of address space; a session needs much, and little memory`);
  }
}

function limitIn(limits: string, name: string): number {
  const [, soft = ""] = new RegExp(`^Max ${name} +(\\S+)`, "m").exec(limits) ?? [];
  return /^\d+$/.test(soft) ? Number(soft) : Infinity;
}
