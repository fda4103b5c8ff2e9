/**
 * What commands can be told of, and asked about.
 *
 * @module
 */

/** The events, as `--on` names them. */
export const HOOK_EVENTS = [
  "session-start",
  "session-end",
  "upload",
  "uploaded",
  "aborted",
  "download",
  "delete",
  "rename",
  "mkdir",
  "rmdir",
  "before-download",
  "before-delete",
  "before-rename",
  "before-mkdir",
  "before-rmdir",
] as const;

/** An event. */
export type HookEvent = typeof HOOK_EVENTS[number];

/** Whether a command decides about the event; of the others it is only told. */
export function mayRefuse(event: HookEvent): boolean {
  return event === "upload" || event.startsWith("before-");
}

/** A command for an event, split into words. */
export interface HookCommand {
  readonly event: HookEvent;
  /** The program's absolute path, and its arguments. */
  readonly words: readonly string[];
}

/** Which commands are run when, and how. */
export interface HookPlan {
  readonly commands: readonly HookCommand[];
  /** Milliseconds after which a command is killed. */
  readonly timeout: number;
  /** What becomes of a request whose command could not decide: killed, not started, too slow. */
  readonly onFailure: "refuse" | "accept";
}
