import { changesFiles } from "../session/open_options.ts";
import type { RequestKind } from "../session/table.ts";
import type { OpenRequest } from "../wire/requests.ts";
import type { AccessPolicy } from "./access.ts";

/**
 * Nothing can be changed. Affects every request that changes anything (WRITE, SETSTAT, FSETSTAT,
 * REMOVE, MKDIR, RMDIR, RENAME, SYMLINK, and the extensions posix-rename, hardlink, fsync, lsetstat
 * and copy-data, which are not advertised), and an OPEN that writes, creates or truncates.
 */
export function readOnly(): AccessPolicy {
  return { name: "read-only", requests: refuseChanges };
}

/** The reason why a request that changes anything is refused, in OpenSSH's words. */
export function refuseChanges(kind: RequestKind, request?: unknown): string | undefined {
  return changes(kind, request) ? `Refusing ${kind.name} request in read-only mode` : undefined;
}

function changes(kind: RequestKind, request: unknown): boolean {
  if (kind.name !== "open" || request === undefined) return kind.mutates;
  return changesFiles((request as OpenRequest).pflags);
}
