import type { OpenOptions } from "./storage.ts";

/** Opens an existing file for writing at any position. */
export const TO_WRITE: OpenOptions = {
  read: false,
  write: true,
  append: false,
  create: false,
  truncate: false,
  exclusive: false,
  attrs: {},
};
