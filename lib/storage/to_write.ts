import type { OpenOptions } from "./storage.ts";

/** A file that is there, to be written anywhere. */
export const TO_WRITE: OpenOptions = {
  read: false,
  write: true,
  append: false,
  create: false,
  truncate: false,
  exclusive: false,
  attrs: {},
};
