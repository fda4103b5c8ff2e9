import { changesFiles } from "../session/open_options.ts";
import type { Policy, RequestKind } from "../session/table.ts";
import type { OpenRequest } from "../wire/requests.ts";

/** Which requests a session may make, as OpenSSH's `-R`, `-P` and `-p`. */
export interface RequestRules {
  /** Refuse whatever changes anything. */
  readonly readOnly: boolean;
  /** Names of requests to refuse; goes before `allow`. */
  readonly deny?: readonly string[] | undefined;
  /** Names of the only requests to serve. */
  readonly allow?: readonly string[] | undefined;
}

/** A policy of {@linkcode RequestRules}, with OpenSSH's words for the log. */
export function requestPolicy({ readOnly, deny, allow }: RequestRules): Policy {
  return (kind, request) => {
    if (readOnly && changes(kind, request)) {
      return `Refusing ${kind.name} request in read-only mode`;
    }
    if (deny?.includes(kind.name)) return `Refusing denylisted ${kind.name} request`;
    if (allow !== undefined && !allow.includes(kind.name)) {
      return `Refusing non-allowlisted ${kind.name} request`;
    }
    return undefined;
  };
}

function changes(kind: RequestKind, request: unknown): boolean {
  if (kind.name !== "open" || request === undefined) return kind.mutates;
  return changesFiles((request as OpenRequest).pflags);
}
