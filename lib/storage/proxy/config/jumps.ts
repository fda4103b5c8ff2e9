import { ConnectError } from "../connection_options.ts";

/** A host to go through. */
export interface Jump {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
  /** The hosts before it, as ProxyJump lists them; undefined if its own configuration says. */
  readonly before: string | undefined;
}

/** `[user@]host[:port]`, the host of an IPv6 address in brackets; or the same as a URI. */
const HOP = /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:@[\]/\s]+))(?::(\d+))?\/?$/;

/**
 * The last host of a ProxyJump list: the one that connects to the target itself.
 *
 * @throws {ConnectError} If the list is malformed.
 */
export function lastJump(list: string): Jump {
  const at = list.lastIndexOf(",");
  const [, user, address, name, portText] = HOP.exec(list.slice(at + 1).trim()) ?? [];
  const host = address ?? name;
  const port = portText === undefined ? undefined : Number(portText);
  if (host === undefined || host.startsWith("-") || (port !== undefined && !isPort(port))) {
    throw new ConnectError(`ProxyJump ${list}: not a list of [user@]host[:port]`);
  }
  return { host, user, port, before: at === -1 ? undefined : list.slice(0, at) };
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65535;
}
