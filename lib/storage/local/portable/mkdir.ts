import { PERMISSION_BITS } from "../../../attrs.ts";
import { check } from "../kernel/status.ts";
import { attempt } from "./deno_fs.ts";
import type { Libc } from "../../../linux/libc.ts";
import { AT_FDCWD } from "../../../linux/linux.ts";

/** The bit that mkdir(2) takes, but Deno's mkdir clears. */
const STICKY_BIT = 0o1000;
/** The bit that a directory inherits from its parent. */
const SETGID_BIT = 0o2000;

/**
 * mkdir(2), with the sticky bit.
 *
 * Without libc, that bit needs a chmod(2), which clears the setgid bit if this process is not in
 * the group. In that case the directory stays without the sticky bit: it can be set later, and the
 * setgid bit cannot.
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
