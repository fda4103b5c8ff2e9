import { pollingStdio } from "../../transport/polling_stdio.ts";
import { stdio, type Transport } from "../../transport/stdio.ts";
import { confine, landlockAbi } from "../../linux/landlock.ts";
import { type Libc, LIBC_PATHS, openLibc } from "../../linux/libc.ts";
import type { Ring } from "./confinement.ts";
import { messageOf } from "../errors.ts";
import { onClientGone } from "../../transport/client_watch.ts";
import { type Activity, promptTransport } from "../../transport/prompt_stdio.ts";

/** What the resolver of names reads, each time that a host is looked up. */
const RESOLVER_FILES: readonly string[] = [
  "/etc/hosts",
  "/etc/resolv.conf",
  "/etc/nsswitch.conf",
  "/etc/host.conf",
  "/etc/gai.conf",
];

/** What a session keeps beside the streams that are open. */
export interface Keeps {
  /** A child process is to be ended at the end, as the system's `ssh`. */
  readonly child?: boolean;
  /** New connections are made where one is lost, to hosts that are looked up by name. */
  readonly network?: boolean;
}

/** What a session stands on that is connected to another host. */
export interface RemoteConfinement {
  /** Standard input and output. */
  readonly transport: Transport;
  /**
   * Gives up, for good, everything but the streams that are open and what the
   * session keeps: files, programs, the environment, new connections.
   *
   * @returns The rings, as they hold from now on.
   */
  enter(): readonly Ring[];
}

/** What a session on another host is made of. */
export interface RemoteConfinementOptions {
  readonly keeps: Keeps;
  readonly activity: Activity;
  /** Makes the client's streams go together with those to the other host, where it can. */
  readonly streams?: (transport: Transport, libc: Libc) => Transport | undefined;
  /** Called when the client has gone, and the session does not end; see {@linkcode onClientGone}. */
  readonly onAlone?: () => void;
}

/** Prepares the streams, and what closes everything else. */
export function prepareRemoteConfinement(
  { keeps, activity, streams, onAlone }: RemoteConfinementOptions,
): RemoteConfinement {
  let libc: Libc;
  try {
    libc = openLibc();
  } catch (error) {
    return { transport: stdio, enter: () => [revoke(keeps), missing(reasonOf(error))] };
  }
  if (onAlone !== undefined) onClientGone(libc, onAlone);
  const transport = pollingStdio(libc);
  return {
    transport: streams?.(transport, libc) ?? promptTransport(transport, libc, activity),
    enter() {
      // As OpenSSH's server: no other process of this user may look into this one.
      libc.setNotDumpable();
      libc.setNoNewPrivileges();
      const landlock = enterLandlock(libc, keeps);
      return [revoke(keeps), landlock];
    },
  };
}

function enterLandlock(libc: Libc, { child = false, network = false }: Keeps): Ring {
  const abi = landlockAbi(libc);
  if (abi === 0) return missing("the kernel has none");
  // A connection that is there goes on; but where signals to others are refused, a child stays.
  const files = network ? RESOLVER_FILES : [];
  confine(libc, { abi, directories: [], files, network: child || network });
  // To place an error in the source, Deno reads files, and breaks down where it may not; a
  // compiled program has them within.
  if (!Deno.build.standalone) Error.stackTraceLimit = 0;
  const but = network ? " but the resolver's" : "";
  return { name: "landlock", holds: true, text: `every file${but} is refused (ABI ${abi})` };
}

function revoke({ network = false }: Keeps): Ring {
  for (const name of ["read", "write", "env", "sys", "run", "ffi", "import"] as const) {
    Deno.permissions.revokeSync({ name });
  }
  if (!network) Deno.permissions.revokeSync({ name: "net" });
  return {
    name: "permissions",
    holds: true,
    text: network
      ? "no files, programs or variables through Deno"
      : "no files, programs, variables or new connections through Deno",
  };
}

function missing(reason: string): Ring {
  return { name: "landlock", holds: false, text: `not applied: ${reason}` };
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `no permission for FFI (--allow-ffi=${LIBC_PATHS.join(",")})`;
  }
  return messageOf(error);
}
