import type { VirtualPath } from "../storage/storage.ts";

/** What every name begins with that the wrapper keeps for itself: no client sees or uses one. */
const RESERVED_PREFIX = ".sftpwrap-";

/** Where sessions note in which directories they have drafts. */
export const RECORDS_PATH: VirtualPath = `/${RESERVED_PREFIX}sessions`;

const DRAFT_NAME = /^\.sftpwrap-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/;

/** A name for a file that is not whole yet, which nothing else has. */
export function newDraftName(): string {
  return `${RESERVED_PREFIX}${crypto.randomUUID()}.part`;
}

/** Whether a name is one that {@linkcode newDraftName} makes. */
export function isDraftName(name: string): boolean {
  return DRAFT_NAME.test(name);
}

/** Whether a name of a directory's entry is the wrapper's own. */
export function isReservedName(name: string): boolean {
  return name.startsWith(RESERVED_PREFIX);
}

/** Whether a path has a segment that is the wrapper's own. */
export function hasReservedName(path: VirtualPath): boolean {
  return path.includes(`/${RESERVED_PREFIX}`);
}
