import type { Limits } from "../../lib/cli/options/policies.ts";

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
