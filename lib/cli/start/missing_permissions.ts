import { openLibcIfAllowed } from "../../linux/libc.ts";
import { granted } from "../../permissions.ts";
import { KernelRoot } from "../../storage/local/kernel/root.ts";
import { portableRights } from "../../storage/local/portable/rights.ts";
import type { Root } from "../../storage/local/root.ts";

/** A permission that this program can do without, and what is lost without it. */
interface Wish {
  readonly flag: string;
  readonly adds: string;
  readonly granted: boolean;
}

function mayReadVariables(...variables: readonly string[]): boolean {
  return variables.every((variable) => granted({ name: "env", variable }));
}

function wishes(root: Root): readonly Wish[] {
  // The kernel's root makes each of its calls through libc, which no permission for files limits.
  const isKernel = root instanceof KernelRoot;
  const others = openLibcIfAllowed() === undefined ? "" : " that are not this account's";
  return [
    {
      flag: "--allow-env=USER,LOGNAME,HOME,SSH_CONNECTION,SSH_ORIGINAL_COMMAND",
      adds: "user and client in the log, %u and %h, refusal of shells",
      granted: mayReadVariables("HOME", "SSH_CONNECTION", "SSH_ORIGINAL_COMMAND") &&
        (mayReadVariables("USER") || mayReadVariables("LOGNAME")),
    },
    {
      flag: "--allow-read=/etc/passwd,/etc/group",
      adds: `names of owners${others} in listings`,
      granted: ["/etc/passwd", "/etc/group"].every((path) => granted({ name: "read", path })),
    },
    {
      flag: "--allow-sys=statfs",
      adds: "statvfs (df)",
      granted: isKernel || portableRights().statfs,
    },
    {
      flag: "--allow-read --allow-write",
      adds: "making symbolic links",
      granted: isKernel || portableRights().symlink,
    },
  ];
}

/** A line for each permission that is missing, and what it would add to this jail's session. */
export function missingPermissions(root: Root): readonly string[] {
  return wishes(root).filter(({ granted }) => !granted)
    .map(({ flag, adds }) => `running without ${flag}: no ${adds}`);
}
