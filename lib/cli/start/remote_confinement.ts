import { pollingStdio } from "../../transport/polling_stdio.ts";
import { stdio, type Transport } from "../../transport/stdio.ts";
import { type Libc, openLibc } from "../../linux/libc.ts";
import { enter, type LandlockPlan, reasonWithoutLibc, type Ring, type RingPlan } from "./rings.ts";
import { type Activity, promptTransport } from "../../transport/prompt_stdio.ts";
import { onClientGone } from "../../transport/client_watch.ts";

/** What the name resolver reads each time it looks up a host. */
const RESOLVER_FILES: readonly string[] = [
  "/etc/hosts",
  "/etc/resolv.conf",
  "/etc/nsswitch.conf",
  "/etc/host.conf",
  "/etc/gai.conf",
];

/** What a session keeps besides its open streams. */
export interface Keeps {
  /** Signals: a child process, such as the system's `ssh`, must be ended with the session. */
  readonly child?: boolean;
  /** New connections: a lost one is replaced, and the host is looked up by name. */
  readonly network?: boolean;
  /** Descriptors of directories in which files may be made. */
  readonly drops?: readonly number[] | undefined;
  /** Files that are read again from time to time. */
  readonly files?: readonly string[] | undefined;
  /** A program that is run again from time to time, with all that it may need. */
  readonly program?: string | undefined;
}

/** What a session uses that is connected to another host. */
export interface RemoteConfinement {
  /** Makes the system calls; undefined if none can be made. */
  readonly libc: Libc | undefined;
  /** Standard input and output, with polling if there are system calls. */
  readonly transport: Transport;
  /** Like {@linkcode transport}, for a session that waits for both sides on one thread. */
  prompt(activity: Activity): Transport;
  /**
   * Gives up, for good, everything but the open streams and what the session
   * keeps: files, programs, the environment, new connections.
   *
   * @returns The rings as they hold from now on.
   * @throws {StartError} If the kernel has Landlock but refuses to apply it.
   */
  enter(): readonly Ring[];
}

/**
 * Prepares the client's streams, and the rings that close everything else.
 *
 * @param onAlone Called when the client has gone but the session does not end; see
 *   {@linkcode onClientGone}.
 */
export function prepareRemoteConfinement(keeps: Keeps, onAlone?: () => void): RemoteConfinement {
  let libc: Libc;
  try {
    libc = openLibc();
  } catch (error) {
    const plan = ringPlan(keeps, undefined, reasonWithoutLibc(error));
    return { libc: undefined, transport: stdio, prompt: () => stdio, enter: () => enter(plan) };
  }
  if (onAlone !== undefined) onClientGone(libc, onAlone);
  const plan = ringPlan(keeps, libc, landlockPlan(keeps));
  const transport = pollingStdio(libc);
  return {
    libc,
    transport,
    prompt: (activity) => promptTransport(transport, libc, activity),
    enter: () => enter(plan),
  };
}

function ringPlan(
  { network = false, files = [], program }: Keeps,
  libc: Libc | undefined,
  landlock: RingPlan["landlock"],
): RingPlan {
  const kept = [
    ...files.length > 0 || program !== undefined ? ["read"] : [],
    ...program === undefined ? [] : ["run", "env"],
    ...network ? ["net"] : [],
  ];
  const all = ["read", "write", "env", "sys", "run", "ffi", "import", "net"] as const;
  return {
    libc,
    revoked: all.filter((name) => !kept.includes(name)),
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

function landlockPlan(
  { child = false, network = false, drops, files = [], program }: Keeps,
): LandlockPlan | string {
  if (program !== undefined) return `${program} has to be run for new keys`;
  return {
    drops,
    files: [...network ? RESOLVER_FILES : [], ...files],
    // An open connection stays usable, but with signals refused a child could not be ended.
    network: child || network,
    holds: `every file${network ? " but the resolver's" : ""} is refused`,
    required: "the kernel cannot close this session in",
  };
}
