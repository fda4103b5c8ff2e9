import type { Limits } from "../../lib/cli/options/policies.ts";
import type { SessionLimits } from "../../lib/cli/options/session_limits.ts";

/** Limits that limit nothing. */
export const noLimits: Limits = {
  uploadOnly: false,
  appendOnly: false,
  noOverwrite: false,
  noDelete: false,
  denyPaths: [],
  hidePaths: [],
  fileMode: undefined,
  dirMode: undefined,
  ignoreChmod: false,
  maxFileSize: undefined,
};

/** Any number of sessions, at any rate. */
export const noSessionLimits: SessionLimits = {
  maxSessions: undefined,
  maxSessionsPerAddress: undefined,
  rate: undefined,
  sharedRate: undefined,
  who: false,
};
