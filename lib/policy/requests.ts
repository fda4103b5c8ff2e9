import { changesFiles } from "../session/open_options.ts";
import type { Policy, Row } from "../session/table.ts";
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
  return (row, request) => {
    if (readOnly && changes(row, request)) {
      return `Refusing ${row.name} request in read-only mode`;
    }
    if (deny?.includes(row.name)) return `Refusing denylisted ${row.name} request`;
    if (allow !== undefined && !allow.includes(row.name)) {
      return `Refusing non-allowlisted ${row.name} request`;
    }
    return undefined;
  };
}

function changes(row: Row, request: unknown): boolean {
  if (row.name !== "open" || request === undefined) return row.mutates;
  return changesFiles((request as OpenRequest).pflags);
}
