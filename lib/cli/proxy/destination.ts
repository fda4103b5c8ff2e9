import { UsageError } from "../errors.ts";

/** The far side of a proxy, as the command line names it. */
export interface Destination {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The port of a URL. */
  readonly port: number | undefined;
  /** The path of a URL, where the session starts; relative to the user's home without a `/`. */
  readonly path: string | undefined;
}

const SCHEME = "sftp://";

/**
 * Reads `[user[:password]@]host` or `sftp://[user[:password]@]host[:port][/path]`.
 * An IPv6 address must be in brackets. As in OpenSSH's sftp, the path of a URL
 * begins at the user's home, and one with two slashes at the root.
 *
 * @throws {UsageError} If it is neither; the message never has the password.
 */
export function parseDestination(text: string): Destination {
  return text.startsWith(SCHEME) ? parseUrl(text.slice(SCHEME.length)) : parsePlain(text);
}

function parsePlain(text: string): Destination {
  const { user, password, rest } = parseUser(text);
  const bracketed = /^\[([^\]]*)\]$/.exec(rest);
  const host = hostOf(bracketed?.[1] ?? rest);
  if (bracketed === null && /^[^:]*:[^:]*$/.test(rest)) {
    // What looks like a port may be a password without a host: do not repeat it.
    throw new UsageError("give the port with -p, or in an sftp:// URL");
  }
  return { host, user, password, port: undefined, path: undefined };
}

function parseUrl(text: string): Destination {
  const slash = text.indexOf("/");
  const authority = slash === -1 ? text : text.slice(0, slash);
  const path = slash === -1 ? "" : decoded(text.slice(slash + 1));
  const { user, password, rest } = parseUser(authority);
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(rest);
  // The authority may be the beginning of a password with a slash: do not repeat it.
  if (match === null) throw new UsageError("the URL has no HOST or HOST:PORT before its path");
  const [, address, name, port] = match;
  return {
    // The % before the interface of an address may also be written as it is.
    host: hostOf(address?.replace("%25", "%") ?? decoded(name ?? "")),
    user: user === undefined ? undefined : decoded(user),
    password: password === undefined ? undefined : decoded(password),
    port: port === undefined || port === "" ? undefined : parsePort(port),
    path: path === "" ? undefined : path,
  };
}

/** A password may have `@` and `:` in it, a user's name only `@`. */
function parseUser(text: string) {
  const at = text.lastIndexOf("@");
  if (at === -1) return { user: undefined, password: undefined, rest: text };
  const before = text.slice(0, at);
  const colon = before.indexOf(":");
  const user = colon === -1 ? before : before.slice(0, colon);
  if (user === "") throw new UsageError("the user's name before @ is missing");
  const password = colon === -1 ? undefined : before.slice(colon + 1);
  return { user, password, rest: text.slice(at + 1) };
}

/** A host that begins with a dash would be an option of `ssh`. */
function hostOf(host: string): string {
  if (host === "") throw new UsageError("HOST is missing");
  if (/^-|[\s\p{Cc}/@[\]]/u.test(host)) throw new UsageError(`"${host}" is not a host`);
  return host;
}

/**
 * A TCP port.
 *
 * @throws {UsageError} If it is not a port.
 */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`"${text}" is not a port`);
  return port;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new UsageError("the URL has a % that is not followed by two hexadecimal digits of UTF-8");
  }
}
