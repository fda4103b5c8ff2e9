import { escapeJson } from "../audit/log_text.ts";
import type { SessionFacts } from "../session/observer.ts";
import type { VirtualPath } from "../storage/storage.ts";
import type { HookEvent } from "./events.ts";

/** Whose session it is, as a command is told. */
export interface WhoseSession {
  readonly session: SessionFacts;
  /** Whom it is for, where several share the account. */
  readonly logUser: string | undefined;
  /** The directory of this machine that the client sees as `/`, if it is one. */
  readonly directory: string | undefined;
}

/** What a command is told of an event; what is not known is left out. */
export interface HookFacts {
  readonly path?: VirtualPath | undefined;
  /** Of a rename, the new path. */
  readonly to?: VirtualPath | undefined;
  /** Where the content is, if that is not at `path`. */
  readonly content?: VirtualPath | undefined;
  /** Bytes of the file. */
  readonly size?: number | undefined;
  /** Bytes that were read or written by the handle. */
  readonly bytes?: number | undefined;
  readonly sha256?: string | undefined;
  /** Whether an upload takes the place of a file. */
  readonly replaces?: boolean | undefined;
  /** Of a session that is over: its exit status. */
  readonly status?: number | undefined;
  readonly files?: number | undefined;
  readonly read?: number | undefined;
  readonly written?: number | undefined;
}

/**
 * The JSON document that a command reads from its standard input: one line, in which a name may
 * contain anything. A byte that is not UTF-8 is a surrogate U+DC80 to U+DCFF, as in Python's
 * `surrogateescape`.
 */
export function documentOf(
  event: HookEvent,
  { session, logUser, directory }: WhoseSession,
  { path, to, content, ...facts }: HookFacts,
): string {
  const { id, user, client, clientPort: port } = session;
  const onHost = (path: VirtualPath | undefined) =>
    path === undefined || directory === undefined ? undefined : hostPath(directory, path);
  const fields = {
    event,
    path,
    hostPath: onHost(content ?? path),
    to,
    hostTo: onHost(to),
    ...facts,
    session: id,
    user,
    logUser,
    client,
    port,
  };
  return `${escapeJson(JSON.stringify(fields))}\n`;
}

function hostPath(directory: string, path: VirtualPath): string {
  return directory === "/" ? path : path === "/" ? directory : `${directory}${path}`;
}
