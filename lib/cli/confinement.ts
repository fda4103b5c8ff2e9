import { pollingStdio } from "../stdio_polling.ts";
import { stdio, type Transport } from "../stdio.ts";
import { confine, landlockAbi } from "../storage/local/landlock.ts";
import { type Libc, LIBC_PATHS, openLibc } from "../storage/local/libc.ts";
import { portableRights } from "../storage/local/portable_rights.ts";
import { type KernelRoot, openKernelRoot } from "../storage/local/root_kernel.ts";
import type { Root } from "../storage/local/root.ts";
import { messageOf, StartError } from "./errors.ts";
import { handleLimit } from "./handle_limit.ts";
import { granted } from "./host.ts";

/** `--confine`: `kernel` or nothing, without the kernel, or the best there is. */
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

/** What is to be confined. */
export interface ConfinementOptions {
  readonly directory: string;
  readonly mode: ConfineMode;
  readonly readOnly: boolean;
}

/**
 * Opens the jail's root in the given way.
 *
 * @throws {StartError} If `kernel` is asked for and a ring is missing.
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
      const landlock = enterLandlock(libc, root, options);
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
  { directory }: ConfinementOptions,
  reason: string,
): Promise<Confinement> {
  const { PortableRoot } = await import("../storage/local/root_portable.ts");
  const libc = allowedLibc();
  return {
    root: new PortableRoot(directory, portableRights()),
    // Streams that tell whether a write would wait, where libc may be called at least for that.
    transport: libc === undefined ? stdio : pollingStdio(libc),
    maxHandles: libc && handleLimit(libc.descriptorLimit()),
    umask(mask) {
      if (!granted({ name: "sys" })) throw new StartError("-u needs the permission --allow-sys");
      Deno.umask(mask);
    },
    enter() {
      revoke(["env", "net", "run", "ffi", "import"]);
      return [
        permissionRing(directory),
        {
          name: "resolution",
          holds: false,
          text: `step by step in this program, which a second session can race: ${reason}`,
        },
        { name: "landlock", holds: false, text: `not applied: ${reason}` },
      ];
    },
  };
}

function allowedLibc(): Libc | undefined {
  try {
    return openLibc();
  } catch (error) {
    const without = [Deno.errors.NotCapable, Deno.errors.NotSupported];
    if (without.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

function permissionRing(directory: string): Ring {
  const outside = directory === "/" ? "/" : directory.slice(0, directory.lastIndexOf("/")) || "/";
  const wide = (["read", "write"] as const).filter((name) => granted({ name, path: outside }));
  return wide.length === 0
    ? { name: "permissions", holds: true, text: "limited to the jail by the flags" }
    : {
      name: "permissions",
      holds: false,
      text:
        `not limited to the jail: start with --allow-read=${directory} --allow-write=${directory}`,
    };
}

function enterLandlock(
  libc: Libc,
  root: KernelRoot,
  { mode, readOnly }: ConfinementOptions,
): Ring {
  const abi = landlockAbi(libc);
  if (abi === 0) return { name: "landlock", holds: false, text: "the kernel has none" };
  if (abi < ABI_WITH_MOVES && !readOnly) {
    const text = `not applied: ABI ${abi} would refuse renames between directories`;
    return { name: "landlock", holds: false, text };
  }
  const directories = [{ descriptor: root.descriptor, write: !readOnly }];
  try {
    confine(libc, { abi, directories, network: false });
  } catch (error) {
    // A seccomp profile may let the version be asked for, and nothing more.
    const reason = reasonOf(error);
    if (mode === "kernel") throw new StartError(`the kernel cannot keep this jail: ${reason}`);
    return { name: "landlock", holds: false, text: `not applied: ${reason}` };
  }
  return { name: "landlock", holds: true, text: `everything outside is refused (ABI ${abi})` };
}

function revoke(names: readonly Deno.PermissionDescriptor["name"][]): void {
  for (const name of names) Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `no permission for FFI (--allow-ffi=${LIBC_PATHS.join(",")})`;
  }
  return messageOf(error);
}
