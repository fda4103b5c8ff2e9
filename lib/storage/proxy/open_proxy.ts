import { connect } from "./connect.ts";
import type { ConnectEnvironment, ConnectOptions } from "./connection_options.ts";
import { greet } from "./greet.ts";
import { type ProxyOptions, ProxyStorage } from "./proxy.ts";

/** How to reach the far side and how to use it; all optional. */
export interface OpenProxyOptions
  extends Omit<Partial<ConnectOptions>, "host">, Omit<ProxyOptions, "description"> {
  /**
   * What is taken from the environment where absent: `HOME`, `USER`, `SSH_AUTH_SOCK` and the user's
   * number, as far as they may be read.
   */
  readonly environment?: ConnectEnvironment;
}

/**
 * Connects to another SFTP server, as `sftpwrap proxy` does, and opens it as a
 * storage. The far side's host key is verified as ssh does it; ssh_config fills
 * in what the options leave out. The SSH client is loaded by this call.
 *
 * @param host An alias of ssh_config, a name, or an address; without a user, which is an option.
 * @param options How to reach it and how to use it.
 * @returns The storage. Its `close` ends the connection. Pass its `lost` to `serve`.
 * @throws {ConnectError} If connecting fails: one line, with the step that failed.
 * @throws {StorageError} If `root` is not a directory of the far side.
 *
 * @example
 * ```ts
 * import { serve } from "@sftpwrap/sftpwrap";
 * import { openProxy } from "@sftpwrap/sftpwrap/proxy";
 *
 * const storage = await openProxy("store.example.org", { user: "backup", keys: ["/keys/backup"] });
 * Deno.exit(await serve(storage, { failed: storage.lost }));
 * ```
 */
export async function openProxy(
  host: string,
  options: OpenProxyOptions = {},
): Promise<ProxyStorage> {
  const connected = await connect({
    transport: "ssh2",
    agent: false,
    environment: environment(),
    log: () => {},
    ...options,
    host,
  });
  try {
    const client = await greet(connected);
    client.ended.then(() => connected.close());
    const { description } = connected;
    const { root, umask } = options;
    return await ProxyStorage.open(client, { description, root, umask });
  } catch (error) {
    await connected.close();
    throw error;
  }
}

function environment(): ConnectEnvironment {
  return {
    home: variable("HOME"),
    user: variable("USER") ?? variable("LOGNAME"),
    uid: uid(),
    agentSocket: variable("SSH_AUTH_SOCK"),
  };
}

function uid(): number | undefined {
  return isGranted({ name: "sys", kind: "uid" }) ? Deno.uid() ?? undefined : undefined;
}

function variable(variable: string): string | undefined {
  return isGranted({ name: "env", variable }) ? Deno.env.get(variable) : undefined;
}

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}
