import { PERMISSION_BITS } from "../../../attrs.ts";
import { check } from "../kernel/status.ts";
import { attempt } from "./deno_fs.ts";
import type { Libc } from "../../../linux/libc.ts";
import { AT_FDCWD } from "../../../linux/linux.ts";

/** Of the bits that mkdir of Deno cuts off, the one that mkdir(2) takes. */
const STICKY_BIT = 0o1000;
/** The bit that a directory has from the one above it. */
const SETGID_BIT = 0o2000;

/**
 * mkdir(2), with the sticky bit.
 *
 * Without libc that bit takes a chmod(2), which takes the group's bit away where this process is
 * not in the group. Then the directory stays without the sticky one: it can be set later, and the
 * other cannot.
 */
export function makeDirectory(hostPath: string, mode: number, libc: Libc | undefined): void {
  if ((mode & STICKY_BIT) === 0) {
    attempt(() => Deno.mkdirSync(hostPath, { mode }));
  } else if (libc !== undefined) {
    const path = new TextEncoder().encode(`${hostPath}\0`);
    check(libc.mkdirat(AT_FDCWD, path, mode & PERMISSION_BITS));
  } else {
    attempt(() => makeSticky(hostPath, mode));
  }
}

function makeSticky(hostPath: string, mode: number): void {
  Deno.mkdirSync(hostPath, { mode });
  const made = modeOf(hostPath);
  Deno.chmodSync(hostPath, made | STICKY_BIT);
  if ((made & SETGID_BIT) === (modeOf(hostPath) & SETGID_BIT)) return;
  Deno.removeSync(hostPath);
  Deno.mkdirSync(hostPath, { mode });
}

function modeOf(hostPath: string): number {
  return (Deno.lstatSync(hostPath).mode ?? 0) & PERMISSION_BITS;
}
