import { granted } from "../../permissions.ts";
import { pollingStdio } from "../../transport/polling_stdio.ts";
import { stdio, type Transport } from "../../transport/stdio.ts";
import { landlockAbi } from "../../linux/landlock.ts";
import { type Libc, openLibc, openLibcIfAllowed } from "../../linux/libc.ts";
import { isLimitedTo, portableRights } from "../../storage/local/portable/rights.ts";
import { type KernelRoot, openKernelRoot } from "../../storage/local/kernel/root.ts";
import type { Root } from "../../storage/local/root.ts";
import { StartError } from "../errors.ts";
import { handleLimit } from "./handle_limit.ts";
import {
  enter,
  type LandlockPlan,
  neededAbi,
  type PlainRing,
  reasonWithoutLibc,
  type Ring,
} from "./rings.ts";

/**
 * `--confine`: `kernel` or nothing; `portable`, without the kernel; or `auto`, the best available,
 * which is at least resolution by the kernel or permission flags for the jail alone.
 */
export type ConfineMode = "auto" | "kernel" | "portable";

/** What a jail session uses: opened, and not yet confined. */
export interface Confinement {
  readonly root: Root;
  readonly transport: Transport;
  /** How many handles there are descriptors for; undefined if unknown. */
  readonly maxHandles?: number | undefined;
  /** Sets the umask of this process. */
  umask(mask: number): void;
  /**
   * Gives up everything outside the jail, for good: by Landlock, and by
   * revoking every permission that is no longer needed. What is needed from
   * outside must be open by now.
   *
   * @returns The rings as they hold from now on.
   * @throws {StartError} If the mode is `kernel` and the kernel refuses after all.
   */
  enter(): readonly Ring[];
}

/** The message, before the reason, where the kernel must confine a session and cannot. */
const KERNEL_REFUSES = "the kernel cannot keep this jail";

/** What to confine, and how. */
export interface ConfinementOptions {
  readonly directory: string;
  readonly mode: ConfineMode;
  readonly readOnly: boolean;
  /** Descriptors of directories outside in which files may be made. */
  readonly drops?: readonly number[] | undefined;
}

/**
 * Opens the jail's root in the given mode.
 *
 * @throws {StartError} If the mode is `kernel` and a ring is missing, or `auto` and neither
 *   resolution by the kernel nor the permission flags hold.
 */
export async function prepareConfinement(options: ConfinementOptions): Promise<Confinement> {
  if (options.mode === "portable") return await portableConfinement(options, "it is not wanted");
  let libc: Libc;
  let root: KernelRoot;
  try {
    libc = openLibc();
    root = openKernelRoot(options.directory, libc);
  } catch (error) {
    const reason = reasonWithoutLibc(error);
    if (options.mode === "kernel") {
      throw new StartError(`${KERNEL_REFUSES}: ${reason}`);
    }
    if (!isLimitedTo(options.directory)) {
      throw new StartError(
        `nothing keeps this jail: ${reason}, and permission flags do not limit this program to ` +
          "it; --confine=portable serves all the same",
      );
    }
    return await portableConfinement(options, reason);
  }
  const needed = neededAbi({ write: !options.readOnly });
  if (options.mode === "kernel" && landlockAbi(libc) < needed) {
    throw new StartError(`${KERNEL_REFUSES}: its Landlock is older than ABI ${needed}`);
  }
  return kernelConfinement(libc, root, options);
}

function kernelConfinement(libc: Libc, root: KernelRoot, options: ConfinementOptions): Confinement {
  return {
    root,
    transport: pollingStdio(libc),
    maxHandles: handleLimit(libc.descriptorLimit()),
    umask: (mask) => void libc.umask(mask),
    enter: () =>
      enter({
        libc,
        revoked: ["read", "write", "env", "sys", "net", "run", "ffi", "import"],
        rings: [
          { name: "permissions", holds: true, text: "no access to files through Deno at all" },
          { name: "resolution", holds: true, text: "by the kernel (openat2 in the jail's root)" },
        ],
        landlock: landlockPlan(root.descriptor, options),
      }),
  };
}

/** Works without the kernel's help; the modules for it are loaded only when used. */
async function portableConfinement(
  options: ConfinementOptions,
  reason: string,
): Promise<Confinement> {
  const { directory } = options;
  const { PortableRoot } = await import("../../storage/local/portable/root.ts");
  const libc = openLibcIfAllowed();
  return {
    root: new PortableRoot(directory, portableRights(), libc),
    // With libc, streams that can tell whether a write would block.
    transport: libc === undefined ? stdio : pollingStdio(libc),
    maxHandles: libc && handleLimit(libc.descriptorLimit()),
    umask(mask) {
      if (!granted({ name: "sys" })) throw new StartError("-u needs the permission --allow-sys");
      Deno.umask(mask);
    },
    // Landlock binds this thread, on which all calls of the portable root are made: none of them is
    // asynchronous.
    enter: () =>
      enter({
        libc,
        revoked: ["env", "net", "run", "ffi", "import"],
        rings: [permissionRing(directory), {
          name: "resolution",
          holds: false,
          text: `step by step in this program, which a second session can race: ${reason}`,
        }],
        landlock: landlockPlan(directory, options),
      }),
  };
}

function landlockPlan(
  at: number | string,
  { mode, readOnly, drops }: ConfinementOptions,
): LandlockPlan {
  return {
    drops,
    directory: { at, write: !readOnly },
    network: false,
    holds: "everything outside is refused",
    required: mode === "kernel" ? KERNEL_REFUSES : undefined,
  };
}

function permissionRing(directory: string): PlainRing {
  if (isLimitedTo(directory)) {
    return { name: "permissions", holds: true, text: "limited to the jail by the flags" };
  }
  const advice = Deno.build.standalone
    ? `compile one for this jail (deno task compile --jail ${directory} --output FILE)`
    : `start with --allow-read=${directory} --allow-write=${directory}`;
  return { name: "permissions", holds: false, text: `not limited to the jail: ${advice}` };
}
