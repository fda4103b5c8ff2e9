import { messageOf } from "../message_of.ts";
import type { BeforePublish } from "../storage/finished_upload.ts";
import type { FileHandle } from "../storage/storage.ts";
import { createHash } from "../session/check_file.ts";
import { piecesOf } from "./pieces.ts";
import type { Quarantine } from "./quarantine.ts";
import type { SessionHooks } from "./session_hooks.ts";

/** How to decide about uploads. */
export interface UploadGateOptions {
  /** Takes what is refused; without one it is removed. */
  readonly quarantine: Quarantine | undefined;
  /** Whether the commands are told the digest of the content. */
  readonly tellsDigest: boolean;
}

/** Asks the commands for `upload` about each upload before it is published. */
export function uploadGate(
  hooks: SessionHooks,
  { quarantine, tellsDigest }: UploadGateOptions,
): BeforePublish {
  return async (upload, file) => {
    const { path, draft: content, size, replaces } = upload;
    // Of what is there now: what a handle has written is not all that others may have.
    const sha256 = tellsDigest ? await digestOf(file) : undefined;
    try {
      await hooks.decide("upload", { path, content, size, sha256, replaces });
    } catch (refusal) {
      if (quarantine !== undefined) {
        try {
          hooks.kept(path, await quarantine.keep(path, file));
        } catch (error) {
          // It is refused all the same.
          hooks.notKept(path, messageOf(error));
        }
      }
      throw refusal;
    }
  };
}

async function digestOf(file: Pick<FileHandle, "read">): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of piecesOf(file)) hash.update(piece);
  return hash.digest("hex");
}
