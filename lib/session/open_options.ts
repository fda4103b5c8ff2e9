import type { FileAttrs } from "../attrs.ts";
import type { OpenOptions } from "../storage/storage.ts";
import { OpenFlag } from "../wire/constants.ts";

/** OPEN's `pflags` by name. As in OpenSSH, neither READ nor WRITE means to read. */
export function openOptions(pflags: number, attrs: FileAttrs): OpenOptions {
  const write = (pflags & OpenFlag.WRITE) !== 0;
  return {
    read: (pflags & OpenFlag.READ) !== 0 || !write,
    write,
    // Without WRITE it means nothing, and some systems' APPEND would let the file be written.
    append: write && (pflags & OpenFlag.APPEND) !== 0,
    create: (pflags & OpenFlag.CREAT) !== 0,
    truncate: (pflags & OpenFlag.TRUNC) !== 0,
    exclusive: (pflags & OpenFlag.EXCL) !== 0,
    attrs,
  };
}

/** Whether an OPEN with these flags could change anything: also one that only creates or truncates. */
export function changesFiles(pflags: number): boolean {
  return (pflags & (OpenFlag.WRITE | OpenFlag.CREAT | OpenFlag.TRUNC)) !== 0;
}
