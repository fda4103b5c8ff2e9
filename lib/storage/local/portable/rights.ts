import { granted } from "../../../permissions.ts";
import type { PortableRights } from "./root.ts";

/** Directories that no jail needs: if one of them is within reach, the flags are too wide. */
const ELSEWHERE: readonly string[] = [
  "/",
  "/boot",
  "/dev",
  "/etc",
  "/home",
  "/mnt",
  "/opt",
  "/proc",
  "/root",
  "/run",
  "/srv",
  "/tmp",
  "/usr",
  "/var",
];

/** What this process has been granted of what a `PortableRoot` may do beyond its directory. */
export function portableRights(): PortableRights {
  return {
    // Deno requires unscoped read and write permission for it.
    symlink: granted({ name: "read" }) && granted({ name: "write" }),
    // Deno's types do not list this kind; its permission check does.
    statfs: granted({ name: "sys", kind: "statfs" as "uid" }),
  };
}

/**
 * Whether Deno's permissions limit this process to files in a directory. Single files elsewhere may
 * be allowed, as `/etc/passwd` is for the names of owners.
 */
export function isLimitedTo(directory: string): boolean {
  const outside = [...ELSEWHERE, ...directoriesAbove(directory)].filter((path) =>
    path !== directory && !path.startsWith(`${directory}/`)
  );
  return directory !== "/" &&
    outside.every((path) => !granted({ name: "read", path }) && !granted({ name: "write", path }));
}

function directoriesAbove(directory: string): string[] {
  const names = directory.split("/").slice(1, -1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
}
