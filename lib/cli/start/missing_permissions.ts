import { granted } from "../../permissions.ts";
import { portableRights } from "../../storage/local/portable/rights.ts";

/** A permission that this program can do without, and what is lost without it. */
interface Wish {
  readonly flag: string;
  readonly adds: string;
  readonly granted: () => boolean;
}

const WISHES: readonly Wish[] = [
  {
    flag: "--allow-env=USER,LOGNAME,HOME,SSH_CONNECTION,SSH_ORIGINAL_COMMAND",
    adds: "user and client in the log, %u and %h, refusal of shells",
    granted: () =>
      ["USER", "HOME", "SSH_CONNECTION", "SSH_ORIGINAL_COMMAND"].every((variable) =>
        granted({ name: "env", variable })
      ),
  },
  {
    flag: "--allow-read=/etc/passwd,/etc/group",
    adds: "names of owners in listings",
    granted: () => granted({ name: "read", path: "/etc/passwd" }),
  },
  {
    flag: "--allow-sys=statfs",
    adds: "statvfs (df)",
    granted: () => portableRights().statfs,
  },
  {
    flag: "--allow-read --allow-write",
    adds: "making symbolic links",
    granted: () => portableRights().symlink,
  },
];

/** A line for each permission that is missing, and what it would add. */
export function missingPermissions(): readonly string[] {
  return WISHES.filter((wish) => !wish.granted())
    .map(({ flag, adds }) => `running without ${flag}: no ${adds}`);
}
