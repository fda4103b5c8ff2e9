import type { RequestName } from "../session/request_names.ts";
import type { Policy } from "../session/table.ts";
import type { AccessPolicy } from "./access.ts";
import { refuseChanges } from "./read_only.ts";

/** Which requests a session may make, as with OpenSSH's `-R`, `-P` and `-p`. */
export interface RequestRules {
  /** Refuse every request that changes anything. */
  readonly readOnly?: boolean | undefined;
  /**
   * Names of requests to refuse, and with them every other way to the same thing; takes precedence
   * over `allow`.
   */
  readonly deny?: readonly string[] | undefined;
  /** Names of the only requests to serve. */
  readonly allow?: readonly string[] | undefined;
}

const SUMS = ["check-file-handle", "check-file-name", "check-file"] as const;

/**
 * What else is refused with a request: other ways to the same bytes, the same change, the same
 * figures. A request without other ways is the only way to what it does, or is left as in OpenSSH:
 * STAT, LSTAT and FSTAT return what a listing also returns, and requests other than REMOVE can
 * destroy files.
 */
const OTHER_WAYS: Readonly<Partial<Record<RequestName, readonly RequestName[]>>> = {
  open: ["check-file-name"],
  // Checksums of single blocks reveal every byte, and a copy may be read elsewhere.
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

/** The requests to refuse, each with the given name that it follows from. */
function deniedNames(names: readonly string[] = []): ReadonlyMap<string, string> {
  const others = names.flatMap((name) =>
    (OTHER_WAYS[name as RequestName] ?? []).map((other) => [other, name] as const)
  );
  return new Map<string, string>([...others, ...names.map((name) => [name, name] as const)]);
}

/** Refuses whole kinds of requests, on behalf of a policy with this name. */
export function refuseKinds(policy: string, names: readonly string[]): Policy {
  return ({ name }) =>
    names.includes(name) ? `Refusing ${name} request in ${policy} mode` : undefined;
}
