/**
 * What a jail's client can reach, compared by device and inode: each bind mount gives a directory
 * another path.
 *
 * @module
 */

import { granted } from "../../permissions.ts";
import { openLibcIfAllowed } from "../../linux/libc.ts";
import { AT_FDCWD, Open } from "../../linux/linux.ts";

/** Whether a path leads into a directory. */
export interface Containment {
  /** Whether what is at `path`, or may be made there, is the directory or is in it. */
  holds(path: string): boolean;
  /** Whether the directory is at `path`, or is in it. */
  liesIn(path: string): boolean;
}

/** What a client can reach in `directory`, which is given by its real path. */
export function containmentOf(directory: string): Containment {
  // A home's files are asked about several times, and each look takes time at the start.
  const identity = remembered(identityOf);
  const realPath = remembered(realOrSame);
  const inside = new Set(
    [directory, ...mountsBelow(directory).map(({ point }) => point)].map(identity),
  );
  // Two files that cannot be looked at are not known to be the same.
  inside.delete(undefined);
  let above: readonly (string | undefined)[] | undefined;
  return {
    holds(path) {
      const real = realPath(path);
      return isBelow(directory, real) ||
        pathAndParents(real).some((one) => inside.has(identity(one)));
    },
    liesIn(path) {
      const real = realPath(path);
      above ??= pathAndParents(directory).map(identity);
      const own = identity(real);
      return isBelow(real, directory) || (own !== undefined && above.includes(own));
    },
  };
}

/** The same function, which looks once at each path. */
function remembered<T>(look: (path: string) => T): (path: string) => T {
  const known = new Map<string, T>();
  return (path) => {
    if (!known.has(path)) known.set(path, look(path));
    return known.get(path) as T;
  };
}

/** The real path. For a file that does not exist yet, its directory's real path counts. */
function realOrSame(path: string): string {
  if (!mayRead(path)) return path;
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (!isUnseen(error)) throw error;
    if (!(error instanceof Deno.errors.NotFound)) return path;
    const slash = path.lastIndexOf("/");
    const parent = slash === -1 ? "." : path.slice(0, slash) || "/";
    const target = linkAt(path);
    // The target of a dangling link may be made through it.
    if (target !== undefined) {
      return realOrSame(target.startsWith("/") ? target : `${parent}/${target}`);
    }
    return slash === 0 ? path : `${realOrSame(parent)}/${path.slice(slash + 1)}`;
  }
}

function linkAt(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch (error) {
    if (isUnseen(error)) return undefined;
    throw error;
  }
}

function isBelow(directory: string, path: string): boolean {
  return path === directory || directory === "/" || path.startsWith(`${directory}/`);
}

/** An absolute path after all its parents, from the root on. */
export function pathAndParents(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return ["/", ...names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`)];
}

/** What stat(2) says; undefined if the file does not exist or may not be seen. */
export function statusOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (isUnseen(error)) return undefined;
    throw error;
  }
}

/** Device and inode; undefined if the file does not exist or may not be seen. */
export function identityOf(path: string): string | undefined {
  if (!mayRead(path)) return undefined;
  try {
    const { dev, ino } = Deno.lstatSync(path);
    return ino === null ? undefined : `${dev}:${ino}`;
  } catch (error) {
    if (isUnseen(error)) return undefined;
    throw error;
  }
}

/** A file system that is mounted somewhere. */
export interface Mount {
  readonly point: string;
  /** Its type, such as `ext4` or `proc`. */
  readonly type: string;
}

/** What is mounted in a directory, whose content may be part of a tree elsewhere. */
export function mountsBelow(directory: string): Mount[] {
  return mounts().filter(({ point }) => point !== directory && isBelow(directory, point));
}

/** The mount that holds a directory, given by its real path; undefined if that cannot be told. */
export function mountOf(directory: string): Mount | undefined {
  const above = mounts().filter(({ point }) => isBelow(point, directory));
  // A later one covers an earlier one at the same point.
  return above.reduce<Mount | undefined>(
    (best, mount) => best !== undefined && best.point.length > mount.point.length ? best : mount,
    undefined,
  );
}

function mounts(): Mount[] {
  return textInProc("/proc/self/mountinfo").split("\n").flatMap((line) => {
    const point = line.split(" ")[4];
    if (point === undefined) return [];
    const [type = ""] = (line.split(" - ")[1] ?? "").split(" ");
    // The kernel writes a space, a tab, a newline and a backslash as octal escapes.
    const unescaped = point.replace(
      /\\([0-7]{3})/g,
      (_, code) => String.fromCharCode(parseInt(code, 8)),
    );
    return { point: unescaped, type };
  });
}

/**
 * A file's text, empty if it cannot be read. With libc where FFI is allowed: for a file of /proc,
 * Deno requires every permission.
 */
export function textInProc(path: string): string {
  const libc = openLibcIfAllowed();
  if (libc === undefined) return textOf(path);
  const name = new TextEncoder().encode(`${path}\0`);
  const fd = libc.openat(AT_FDCWD, name, Open.RDONLY | Open.CLOEXEC);
  if (fd < 0) return "";
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(16 * 1024);
  let text = "";
  for (let count = libc.read(fd, bytes); count > 0; count = libc.read(fd, bytes)) {
    text += decoder.decode(bytes.subarray(0, count), { stream: true });
  }
  libc.close(fd);
  return text;
}

/** A file's text; empty if it does not exist, or may not be read. */
export function textOf(path: string): string {
  if (!mayRead(path)) return "";
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (isUnseen(error)) return "";
    throw error;
  }
}

let everywhere: boolean | undefined;

/** Asks for all files first, and once: each query takes time at the start. */
export function mayRead(path: string): boolean {
  everywhere ??= granted({ name: "read" });
  return everywhere || granted({ name: "read", path });
}

/** Whether the system or Deno's flags refuse access, or there is nothing to see. */
export function isUnseen(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable ||
    error instanceof Error && ("code" in error || error.message.includes("(os error "));
}
