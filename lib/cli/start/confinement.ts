import { granted } from "../../permissions.ts";
import { pollingStdio } from "../../transport/polling_stdio.ts";
import { stdio, type Transport } from "../../transport/stdio.ts";
import { confine, landlockAbi } from "../../linux/landlock.ts";
import { type Libc, LIBC_PATHS, openLibc, openLibcIfAllowed } from "../../linux/libc.ts";
import { AT_FDCWD, Open } from "../../linux/linux.ts";
import { isLimitedTo, portableRights } from "../../storage/local/portable/rights.ts";
import { type KernelRoot, openKernelRoot } from "../../storage/local/kernel/root.ts";
import type { Root } from "../../storage/local/root.ts";
import { messageOf, StartError } from "../errors.ts";
import { handleLimit } from "./handle_limit.ts";

/**
 * `--confine`: `kernel` or nothing; `portable`, without the kernel; or `auto`, the best there is,
 * which is never less than the kernel's resolution or permission flags for the jail alone.
 */
export type ConfineMode = "auto" | "kernel" | "portable";

/** One of the jail's three rings, and whether it holds. */
export interface Ring {
  /** What keeps a client in. */
  readonly name: "permissions" | "resolution" | "landlock";
  /** Whether it holds. */
  readonly holds: boolean;
  /** How it holds, or what is missing. */
  readonly text: string;
}

/** What a jail session stands on: opened, and still to be closed in. */
export interface Confinement {
  readonly root: Root;
  readonly transport: Transport;
  /** Handles that there are descriptors for; undefined where nobody can tell. */
  readonly maxHandles?: number | undefined;
  /** Sets the umask of this process. */
  umask(mask: number): void;
  /**
   * Gives up everything outside the jail, for good: Landlock, and every
   * permission that is not needed any more. Whatever is needed from outside
   * has been opened before.
   *
   * @returns The rings, as they hold from now on.
   * @throws {StartError} If `kernel` is asked for and the kernel refuses after all.
   */
  enter(): readonly Ring[];
}

/** The first version of Landlock that lets files be moved and linked between directories. */
const ABI_WITH_MOVES = 2;

const NO_LIBC = `no permission for FFI (--allow-ffi=${LIBC_PATHS.join(",")})`;

/** What is to be confined. */
export interface ConfinementOptions {
  readonly directory: string;
  readonly mode: ConfineMode;
  readonly readOnly: boolean;
}

/**
 * Opens the jail's root in the given way.
 *
 * @throws {StartError} If `kernel` is asked for and a ring is missing, or `auto` and neither the
 * kernel's resolution nor the permission flags hold.
 */
export async function prepareConfinement(options: ConfinementOptions): Promise<Confinement> {
  if (options.mode === "portable") return await portableConfinement(options, "it is not wanted");
  let libc: Libc;
  let root: KernelRoot;
  try {
    libc = openLibc();
    root = openKernelRoot(options.directory, libc);
  } catch (error) {
    const reason = reasonOf(error);
    if (options.mode === "kernel") {
      throw new StartError(`the kernel cannot keep this jail: ${reason}`);
    }
    if (!isLimitedTo(options.directory)) {
      throw new StartError(
        `nothing keeps this jail: ${reason}, and permission flags do not limit this program to ` +
          "it; --confine=portable serves all the same",
      );
    }
    return await portableConfinement(options, reason);
  }
  const needed = options.readOnly ? 1 : ABI_WITH_MOVES;
  if (options.mode === "kernel" && landlockAbi(libc) < needed) {
    throw new StartError(
      `the kernel cannot keep this jail: its Landlock is older than ABI ${needed}`,
    );
  }
  return kernelConfinement(libc, root, options);
}

function kernelConfinement(libc: Libc, root: KernelRoot, options: ConfinementOptions): Confinement {
  return {
    root,
    transport: pollingStdio(libc),
    maxHandles: handleLimit(libc.descriptorLimit()),
    umask: (mask) => void libc.umask(mask),
    enter() {
      // Deno looks up sources for a stack trace, and ends the process where it may not.
      if (!Deno.build.standalone) Error.stackTraceLimit = 0;
      // As OpenSSH's server: no other process of this user may look into this one.
      libc.setNotDumpable();
      libc.setNoNewPrivileges();
      const landlock = enterLandlock(libc, root.descriptor, options);
      revoke(["read", "write", "env", "sys", "net", "run", "ffi", "import"]);
      return [
        { name: "permissions", holds: true, text: "no access to files through Deno at all" },
        { name: "resolution", holds: true, text: "by the kernel (openat2 in the jail's root)" },
        landlock,
      ];
    },
  };
}

/** Runs without the kernel's help; its modules are loaded only where they are used. */
async function portableConfinement(
  options: ConfinementOptions,
  reason: string,
): Promise<Confinement> {
  const { directory } = options;
  const { PortableRoot } = await import("../../storage/local/portable/root.ts");
  const libc = openLibcIfAllowed();
  return {
    root: new PortableRoot(directory, portableRights(), libc),
    // With libc, streams that tell whether a write would wait.
    transport: libc === undefined ? stdio : pollingStdio(libc),
    maxHandles: libc && handleLimit(libc.descriptorLimit()),
    umask(mask) {
      if (!granted({ name: "sys" })) throw new StartError("-u needs the permission --allow-sys");
      Deno.umask(mask);
    },
    enter() {
      const landlock = libc === undefined
        ? withoutLandlock(`not applied: ${NO_LIBC}`)
        : enterPortable(libc, options);
      revoke(["env", "net", "run", "ffi", "import"]);
      return [
        permissionRing(directory),
        {
          name: "resolution",
          holds: false,
          text: `step by step in this program, which a second session can race: ${reason}`,
        },
        landlock,
      ];
    },
  };
}

/**
 * Landlock around the portable root. It binds this thread, on which all of that root's calls are
 * made: not one of them is asynchronous.
 */
function enterPortable(libc: Libc, options: ConfinementOptions): Ring {
  const path = new TextEncoder().encode(`${options.directory}\0`);
  const descriptor = libc.openat(AT_FDCWD, path, Open.PATH | Open.DIRECTORY | Open.CLOEXEC);
  if (descriptor < 0) return withoutLandlock(`not applied: system error ${-descriptor}`);
  try {
    // As with the kernel root: an error's trace would be looked up in files out of reach.
    if (!Deno.build.standalone) Error.stackTraceLimit = 0;
    libc.setNotDumpable();
    return enterLandlock(libc, descriptor, options);
  } finally {
    libc.close(descriptor);
  }
}

function permissionRing(directory: string): Ring {
  if (isLimitedTo(directory)) {
    return { name: "permissions", holds: true, text: "limited to the jail by the flags" };
  }
  const advice = Deno.build.standalone
    ? `compile one for this jail (deno task compile --jail ${directory} --output FILE)`
    : `start with --allow-read=${directory} --allow-write=${directory}`;
  return { name: "permissions", holds: false, text: `not limited to the jail: ${advice}` };
}

function enterLandlock(
  libc: Libc,
  descriptor: number,
  { mode, readOnly }: ConfinementOptions,
): Ring {
  const abi = landlockAbi(libc);
  if (abi === 0) return withoutLandlock("the kernel has none");
  if (abi < ABI_WITH_MOVES && !readOnly) {
    return withoutLandlock(`not applied: ABI ${abi} would refuse renames between directories`);
  }
  const directories = [{ descriptor, write: !readOnly }];
  try {
    confine(libc, { abi, directories, network: false });
  } catch (error) {
    // A seccomp profile may let the version be asked for, and nothing more.
    const reason = reasonOf(error);
    if (mode === "kernel") throw new StartError(`the kernel cannot keep this jail: ${reason}`);
    return withoutLandlock(`not applied: ${reason}`);
  }
  return { name: "landlock", holds: true, text: `everything outside is refused (ABI ${abi})` };
}

function withoutLandlock(text: string): Ring {
  return { name: "landlock", holds: false, text };
}

function revoke(names: readonly Deno.PermissionDescriptor["name"][]): void {
  for (const name of names) Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
}

function reasonOf(error: unknown): string {
  return error instanceof Deno.errors.NotCapable ? NO_LIBC : messageOf(error);
}
