import { after } from "../async/maybe_promise.ts";
import type { Observer, Operation, Outcome } from "../session/observer.ts";
import type { MaybePromise } from "../storage/storage.ts";
import type { HookFacts } from "./document.ts";
import type { HookEvent } from "./events.ts";
import type { SessionHooks } from "./session_hooks.ts";

/** The events of requests that name what they change: asked before, and told of after. */
const CHANGES: Readonly<Record<string, { before: HookEvent; done: HookEvent }>> = {
  remove: { before: "before-delete", done: "delete" },
  rename: { before: "before-rename", done: "rename" },
  "posix-rename": { before: "before-rename", done: "rename" },
  mkdir: { before: "before-mkdir", done: "mkdir" },
  rmdir: { before: "before-rmdir", done: "rmdir" },
};

/** The events of a CLOSE. */
const CLOSING: readonly HookEvent[] = ["uploaded", "download", "aborted"];

/** Tells the commands of a session what its requests do, and asks them before. */
export function hookObserver(hooks: SessionHooks): Observer {
  return {
    wantsUploads: hooks.has("uploaded"),
    interest: ({ name }) => isOfInterest(hooks, name) ? "everything" : "nothing",
    opened: () => told("session-start", {}),
    before(operation) {
      const { name, options } = operation;
      if (name === "open") return options?.read ? asked("before-download", operation) : undefined;
      const change = CHANGES[name];
      return change === undefined ? undefined : asked(change.before, operation);
    },
    after(operation, outcome) {
      if (outcome.failed) return;
      const change = CHANGES[operation.name];
      const { path, to } = operation;
      if (change !== undefined) return told(change.done, { path, to });
      if (operation.name === "close") return closed(operation, outcome);
    },
    closed(_session, { files, bytesRead: read, bytesWritten: written, exitStatus: status }) {
      return after(
        told("session-end", { status, files, read, written }),
        () => hooks.close(),
      );
    },
  };

  function asked(event: HookEvent, { path, to }: Operation): MaybePromise<void> {
    return hooks.has(event) ? hooks.decide(event, { path, to }) : undefined;
  }

  function told(event: HookEvent, facts: HookFacts): MaybePromise<void> {
    return hooks.has(event) ? hooks.tell(event, facts) : undefined;
  }

  function closed(operation: Operation, { size, digest }: Outcome): MaybePromise<void> {
    const { path, kind, forced, bytesRead = 0, bytesWritten = 0 } = operation;
    if (kind !== "file") return;
    if (forced) {
      return bytesWritten > 0 ? told("aborted", { path, bytes: bytesWritten }) : undefined;
    }
    const sha256 = digest?.algorithm === "sha256" ? digest.hex : undefined;
    const isUpload = size !== undefined || bytesWritten > 0;
    return after(
      isUpload ? told("uploaded", { path, size, bytes: bytesWritten, sha256 }) : undefined,
      () => bytesRead > 0 ? told("download", { path, bytes: bytesRead }) : undefined,
    );
  }
}

function isOfInterest(hooks: SessionHooks, name: string): boolean {
  if (name === "open") return hooks.has("before-download");
  if (name === "close") return CLOSING.some((event) => hooks.has(event));
  const change = CHANGES[name];
  return change !== undefined && (hooks.has(change.before) || hooks.has(change.done));
}
