import type { RequestName } from "../session/request_names.ts";
import type { Policy } from "../session/table.ts";
import type { AccessPolicy } from "./access.ts";
import { refuseChanges } from "./read_only.ts";

/** Which requests a session may make, as OpenSSH's `-R`, `-P` and `-p`. */
export interface RequestRules {
  /** Refuse whatever changes anything. */
  readonly readOnly?: boolean | undefined;
  /** Names of requests to refuse, and with them what comes to the same; goes before `allow`. */
  readonly deny?: readonly string[] | undefined;
  /** Names of the only requests to serve. */
  readonly allow?: readonly string[] | undefined;
}

const SUMS = ["check-file-handle", "check-file-name", "check-file"] as const;

/**
 * What else is refused where a request is: other ways to the same bytes, the same change, the same
 * figures. What stands here alone is the only way to what it does, or is left as OpenSSH has it:
 * STAT, LSTAT and FSTAT tell what a listing tells as well, and files can be lost by others than REMOVE.
 */
const OTHER_WAYS: Readonly<Partial<Record<RequestName, readonly RequestName[]>>> = {
  open: ["check-file-name"],
  // A sum of single blocks gives every byte away, and a copy may be read elsewhere.
  read: [...SUMS, "copy-data"],
  write: ["copy-data"],
  setstat: ["fsetstat", "lsetstat"],
  fsetstat: ["setstat", "lsetstat"],
  realpath: ["expand-path"],
  rename: ["posix-rename"],
  statvfs: ["fstatvfs"],
  fstatvfs: ["statvfs"],
  "check-file-handle": SUMS,
  "check-file-name": SUMS,
  "check-file": SUMS,
};

/** Refuses requests by {@linkcode RequestRules}, with OpenSSH's words for the log. */
export function requestPolicy({ readOnly, deny, allow }: RequestRules): AccessPolicy {
  const denied = deniedNames(deny);
  return {
    name: "requests",
    requests(kind, request) {
      const reason = readOnly ? refuseChanges(kind, request) : undefined;
      if (reason !== undefined) return reason;
      const way = denied.get(kind.name);
      if (way !== undefined) {
        const told = way === kind.name ? "" : `, another way to ${way}`;
        return `Refusing denylisted ${kind.name} request${told}`;
      }
      if (allow !== undefined && !allow.includes(kind.name)) {
        return `Refusing non-allowlisted ${kind.name} request`;
      }
      return undefined;
    },
  };
}

/** What is refused, and for the sake of which name that was given. */
function deniedNames(names: readonly string[] = []): ReadonlyMap<string, string> {
  const others = names.flatMap((name) =>
    (OTHER_WAYS[name as RequestName] ?? []).map((other) => [other, name] as const)
  );
  return new Map<string, string>([...others, ...names.map((name) => [name, name] as const)]);
}

/** Refuses whole kinds of requests, as a policy of this name does. */
export function refuseKinds(policy: string, names: readonly string[]): Policy {
  return ({ name }) =>
    names.includes(name) ? `Refusing ${name} request in ${policy} mode` : undefined;
}
