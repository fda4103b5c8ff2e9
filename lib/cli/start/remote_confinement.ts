import { pollingStdio } from "../../transport/polling_stdio.ts";
import { stdio, type Transport } from "../../transport/stdio.ts";
import { type Libc, openLibc } from "../../linux/libc.ts";
import { enter, type LandlockPlan, reasonWithoutLibc, type Ring, type RingPlan } from "./rings.ts";
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
    const reason = reasonWithoutLibc(error);
    return { transport: stdio, enter: () => enter(ringPlan(keeps, undefined, reason)) };
  }
  if (onAlone !== undefined) onClientGone(libc, onAlone);
  const transport = pollingStdio(libc);
  return {
    transport: streams?.(transport, libc) ?? promptTransport(transport, libc, activity),
    enter: () => enter(ringPlan(keeps, libc, landlockPlan(keeps))),
  };
}

function ringPlan(
  { network = false }: Keeps,
  libc: Libc | undefined,
  landlock: RingPlan["landlock"],
): RingPlan {
  const revoked = ["read", "write", "env", "sys", "run", "ffi", "import"] as const;
  return {
    libc,
    revoked: network ? revoked : [...revoked, "net"],
    rings: [{
      name: "permissions",
      holds: true,
      text: network
        ? "no files, programs or variables through Deno"
        : "no files, programs, variables or new connections through Deno",
    }],
    landlock,
  };
}

function landlockPlan({ child = false, network = false }: Keeps): LandlockPlan {
  return {
    files: network ? RESOLVER_FILES : [],
    // A connection that is open goes on; but where signals to others are refused, a child stays.
    network: child || network,
    holds: `every file${network ? " but the resolver's" : ""} is refused`,
    required: "the kernel cannot close this session in",
  };
}
