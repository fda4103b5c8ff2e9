import type { PortableRights } from "./root_portable.ts";

/** What this process has been granted of what a `PortableRoot` may do beyond its directory. */
export function portableRights(): PortableRights {
  return {
    // Deno wants reading and writing without a scope for it.
    symlink: granted({ name: "read" }) && granted({ name: "write" }),
    // Deno's types do not list this kind; its permission check does.
    statfs: granted({ name: "sys", kind: "statfs" as "uid" }),
  };
}

function granted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}
