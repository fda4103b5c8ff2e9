/**
 * What a process gives up for good when it begins to serve. The subcommands differ in what they
 * keep, which is data; giving up the rest is one function.
 *
 * @module
 */

import { messageOf } from "../../message_of.ts";
import { confine, landlockAbi } from "../../linux/landlock.ts";
import { type Libc, LIBC_PATHS } from "../../linux/libc.ts";
import { AT_FDCWD, Open } from "../../linux/linux.ts";
import { LogLevel } from "../../session/log.ts";
import { StartError } from "../errors.ts";

/** One of the rings around a session, and whether it holds. */
export interface Ring {
  /** What keeps a client in. */
  readonly name: "permissions" | "resolution" | "landlock";
  /** Whether it holds. */
  readonly holds: boolean;
  /** How it holds, or what is missing. */
  readonly text: string;
}

/** A ring that is not Landlock: its text is known before it is entered. */
export type PlainRing = Ring & { readonly name: "permissions" | "resolution" };

/** What a session keeps. */
export interface RingPlan {
  /** Makes the system calls; undefined where none can be made. */
  readonly libc: Libc | undefined;
  /** Deno's permissions that are given up. */
  readonly revoked: readonly Deno.PermissionDescriptor["name"][];
  /** The rings that hold, or do not, once the permissions are given up. */
  readonly rings: readonly PlainRing[];
  /** What Landlock leaves within reach, or why it cannot be applied. */
  readonly landlock: LandlockPlan | string;
}

/** What stays within reach under Landlock. */
export interface LandlockPlan {
  /** One directory: its descriptor or its path; absent: none. */
  readonly directory?: { readonly at: number | string; readonly write: boolean };
  /** Descriptors of directories in which files may be made and removed, such as a quarantine. */
  readonly drops?: readonly number[] | undefined;
  /** Paths of files that may be read. */
  readonly files?: readonly string[];
  /** Whether new connections, and signals to other processes, stay as they are. */
  readonly network: boolean;
  /** What the ring keeps out, for the log. */
  readonly holds: string;
  /**
   * What to say, before the reason, where the kernel has Landlock and refuses it: the session then
   * does not begin. Absent: it begins without this ring.
   */
  readonly required?: string | undefined;
}

/** The first version of Landlock that lets files be moved and linked between directories. */
const ABI_WITH_MOVES = 2;

/** What keeps a client in, in the order in which a log names them. */
const KEEPERS: readonly (readonly [Ring["name"], string])[] = [
  ["resolution", "openat2"],
  ["landlock", "Landlock"],
  ["permissions", "permissions"],
];

/** A log's lines about rings: one for all that hold, and one for each that does not. */
export function linesOf(
  rings: readonly Ring[],
): readonly { readonly level: number; readonly line: string }[] {
  const holding = KEEPERS.flatMap(([ring, keeper]) =>
    rings.some(({ name, holds }) => name === ring && holds) ? [keeper] : []
  );
  const last = holding.pop();
  const by = holding.length === 0 ? last : `${holding.join(", ")} and ${last}`;
  const confined = { level: LogLevel.INFO, line: `confined by ${by}` };
  const details = rings.map(({ name, holds, text }) => ({
    level: holds ? LogLevel.VERBOSE : LogLevel.ERROR,
    line: `ring ${name} ${holds ? "holds" : "does not hold"}: ${text}`,
  }));
  return last === undefined ? details : [confined, ...details];
}

/** Says which permission system calls need. */
export const NO_LIBC = `no permission for FFI (--allow-ffi=${LIBC_PATHS.join(",")})`;

/** Why libc could not be opened, or what it was opened for has failed. */
export function reasonWithoutLibc(error: unknown): string {
  return error instanceof Deno.errors.NotCapable ? NO_LIBC : messageOf(error);
}

/** The oldest version of Landlock that lets a directory be used. */
export function neededAbi({ write }: { readonly write: boolean }): number {
  return write ? ABI_WITH_MOVES : 1;
}

/**
 * Gives up, for good, everything that the plan does not keep. What is needed from outside must be
 * open by now.
 *
 * @returns The rings as they hold from now on.
 * @throws {StartError} If Landlock is required and the kernel refuses it.
 */
export function enter({ libc, revoked, rings, landlock }: RingPlan): readonly Ring[] {
  if (libc !== undefined) {
    // Deno looks up sources for a stack trace, and ends the process where it may not; a compiled
    // program holds its sources itself.
    if (!Deno.build.standalone) Error.stackTraceLimit = 0;
    // Like OpenSSH's server: no other process of this user may look into this one.
    libc.setNotDumpable();
    libc.setNoNewPrivileges();
  }
  const last = libc === undefined || typeof landlock === "string"
    ? withoutLandlock(typeof landlock === "string" ? landlock : NO_LIBC)
    : enterLandlock(libc, landlock);
  for (const name of revoked) Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
  return [...rings, last];
}

function enterLandlock(libc: Libc, plan: LandlockPlan): Ring {
  const { directory } = plan;
  if (typeof directory?.at !== "string") return applyLandlock(libc, plan, directory?.at);
  const path = new TextEncoder().encode(`${directory.at}\0`);
  const descriptor = libc.openat(AT_FDCWD, path, Open.PATH | Open.DIRECTORY | Open.CLOEXEC);
  if (descriptor < 0) return withoutLandlock(`system error ${-descriptor}`);
  try {
    return applyLandlock(libc, plan, descriptor);
  } finally {
    libc.close(descriptor);
  }
}

function applyLandlock(libc: Libc, plan: LandlockPlan, descriptor: number | undefined): Ring {
  const { directory, drops = [], files = [], network, holds, required } = plan;
  const abi = landlockAbi(libc);
  if (abi === 0) return withoutLandlock("the kernel has none");
  const write = directory?.write === true;
  if (abi < neededAbi({ write })) {
    return withoutLandlock(`ABI ${abi} would refuse renames between directories`);
  }
  const directories = descriptor === undefined ? [] : [{ descriptor, write }];
  try {
    confine(libc, { abi, directories, drops, files, network });
  } catch (error) {
    // A seccomp profile may let the version be asked for, and nothing more.
    const reason = reasonWithoutLibc(error);
    if (required !== undefined) throw new StartError(`${required}: ${reason}`);
    return withoutLandlock(reason);
  }
  return { name: "landlock", holds: true, text: `${holds} (ABI ${abi})` };
}

function withoutLandlock(reason: string): Ring {
  return { name: "landlock", holds: false, text: `not applied: ${reason}` };
}
