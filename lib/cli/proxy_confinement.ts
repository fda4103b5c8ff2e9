import type { Channel, DirectChannel } from "../client/channel.ts";
import { pollingStdio } from "../stdio_polling.ts";
import { stdio, type Transport } from "../stdio.ts";
import type { Connected } from "../storage/proxy/connection_options.ts";
import { confine, landlockAbi } from "../storage/local/landlock.ts";
import { type Libc, LIBC_PATHS, openLibc } from "../storage/local/libc.ts";
import type { Ring } from "./confinement.ts";
import { directStreams } from "./child_pipes.ts";
import { type Activity, promptTransport } from "./proxy_stdio.ts";

/** What a proxy session stands on, once it is connected. */
export interface ProxyConfinement {
  /** The way to the far side. */
  readonly channel: Channel | DirectChannel;
  /** Standard input and output. */
  readonly transport: Transport;
  /**
   * Gives up, for good, everything but the streams that are open: files,
   * programs, the environment, new connections.
   *
   * @returns The rings, as they hold from now on.
   */
  enter(): readonly Ring[];
}

/**
 * Prepares the streams, and what closes everything else.
 *
 * @param connected The far side; a process that it is reached through is to be ended at the end.
 */
export function prepareProxyConfinement(
  connected: Pick<Connected, "channel" | "pid">,
  activity: Activity,
): ProxyConfinement {
  const { channel, pid } = connected;
  let libc: Libc;
  try {
    libc = openLibc();
  } catch (error) {
    return { channel, transport: stdio, enter: () => [revokeAll(), missing(reasonOf(error))] };
  }
  const transport = pollingStdio(libc);
  const streams = directStreams(connected, transport, libc) ??
    { channel, transport: promptTransport(transport, libc, activity) };
  return {
    ...streams,
    enter() {
      // As OpenSSH's server: no other process of this user may look into this one.
      libc.setNotDumpable();
      libc.setNoNewPrivileges();
      const landlock = enterLandlock(libc, pid !== undefined);
      return [revokeAll(), landlock];
    },
  };
}

function enterLandlock(libc: Libc, keepsChild: boolean): Ring {
  const abi = landlockAbi(libc);
  if (abi === 0) return missing("the kernel has none");
  // A connection that is there goes on; but where signals to others are refused, a child stays.
  confine(libc, { abi, directories: [], network: keepsChild });
  // To place an error in the source, Deno reads files, and breaks down where it may not; a
  // compiled program has them within.
  if (!Deno.build.standalone) Error.stackTraceLimit = 0;
  return { name: "landlock", holds: true, text: `every file is refused (ABI ${abi})` };
}

function revokeAll(): Ring {
  for (const name of ["read", "write", "env", "sys", "net", "run", "ffi", "import"] as const) {
    Deno.permissions.revokeSync({ name });
  }
  return {
    name: "permissions",
    holds: true,
    text: "no files, programs, variables or new connections through Deno",
  };
}

function missing(reason: string): Ring {
  return { name: "landlock", holds: false, text: `not applied: ${reason}` };
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `no permission for FFI (--allow-ffi=${LIBC_PATHS.join(",")})`;
  }
  return error instanceof Error ? error.message : String(error);
}
