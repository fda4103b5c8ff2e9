import { openLibc } from "../../linux/libc.ts";
import { messageOf } from "../../message_of.ts";
import { Slots } from "../../sessions/slots.ts";
import { StorageError } from "../../storage/errors.ts";
import { StartError } from "../errors.ts";
import type { ServingOptions } from "../options/serving_options.ts";
import { needsSlot } from "../options/session_limits.ts";
import { expandTokens } from "../options/tokens.ts";
import type { Identity } from "../start/host.ts";
import { findStateDirectory } from "../start/state_directory.ts";
import { bad, type Finding, ok } from "./finding.ts";

/** Whether sessions find each other, if an option needs that. */
export function* checkSessions(
  { sessions, stateDirectory }: ServingOptions,
  who: Identity,
  jail?: string,
): Iterable<Finding> {
  if (!needsSlot(sessions)) return;
  try {
    const libc = openLibc();
    const given = stateDirectory && expandTokens(stateDirectory, who);
    const { path, descriptor } = findStateDirectory(libc, { given, home: who.home, jail });
    const slots = descriptor === undefined ? undefined : Slots.openIfThere(libc, descriptor);
    const living = slots?.living().length ?? 0;
    const made = descriptor === undefined ? " (made by the first session)" : "";
    yield ok(`sessions: ${living} live, and find each other in ${path}${made}`);
    slots?.close();
    if (descriptor !== undefined) libc.close(descriptor);
  } catch (error) {
    const known = [StartError, StorageError, Deno.errors.NotCapable, Deno.errors.NotSupported];
    if (!known.some((kind) => error instanceof kind)) throw error;
    yield bad(`sessions: ${messageOf(error)}`);
  }
}
