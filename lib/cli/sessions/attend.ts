import type { ServingOptions } from "../options/serving_options.ts";
import { type Attendance, type Attending, needsSlot } from "../options/session_limits.ts";

/**
 * Takes the session's place among those of its user, as `takePlace` does; nothing is loaded for it
 * if no option asks for it.
 */
export async function attend(
  { sessions, stateDirectory, logUser }: ServingOptions,
  attending: Omit<Attending, "stateDirectory" | "logUser">,
): Promise<Attendance> {
  if (!needsSlot(sessions) && sessions.rate === undefined) return { policies: [] };
  const { takePlace } = await import("./attendance.ts");
  return await takePlace(sessions, { ...attending, stateDirectory, logUser });
}
