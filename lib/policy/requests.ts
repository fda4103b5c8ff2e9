import type { Policy } from "../session/table.ts";
import type { AccessPolicy } from "./access.ts";
import { refuseChanges } from "./read_only.ts";

/** Which requests a session may make, as OpenSSH's `-R`, `-P` and `-p`. */
export interface RequestRules {
  /** Refuse whatever changes anything. */
  readonly readOnly?: boolean | undefined;
  /** Names of requests to refuse; goes before `allow`. */
  readonly deny?: readonly string[] | undefined;
  /** Names of the only requests to serve. */
  readonly allow?: readonly string[] | undefined;
}

/** Refuses requests by {@linkcode RequestRules}, with OpenSSH's words for the log. */
export function requestPolicy({ readOnly, deny, allow }: RequestRules): AccessPolicy {
  return {
    name: "requests",
    requests(kind, request) {
      const reason = readOnly ? refuseChanges(kind, request) : undefined;
      if (reason !== undefined) return reason;
      if (deny?.includes(kind.name)) return `Refusing denylisted ${kind.name} request`;
      if (allow !== undefined && !allow.includes(kind.name)) {
        return `Refusing non-allowlisted ${kind.name} request`;
      }
      return undefined;
    },
  };
}

/** Refuses whole kinds of requests, as a policy of this name does. */
export function refuseKinds(policy: string, names: readonly string[]): Policy {
  return ({ name }) =>
    names.includes(name) ? `Refusing ${name} request in ${policy} mode` : undefined;
}
