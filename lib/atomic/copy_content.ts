import { after, type MaybePromise, repeat } from "../async/maybe_promise.ts";
import type { FileHandle, Storage, VirtualPath } from "../storage/storage.ts";

const BUFFER_BYTES = 256 * 1024;

/** A copy that takes longer is told to the log. */
const LONG_COPY_MS = 1000;

/** What to copy. */
export interface ContentCopy {
  readonly from: FileHandle;
  readonly to: FileHandle;
  /** The first byte that is copied, to the same place. */
  readonly at: number;
  /** For the log. */
  readonly path: VirtualPath;
  readonly log?: ((line: string) => void) | undefined;
}

/** Copies a file's content into another one, in the storage if it can. */
export function copyContent(storage: Storage, copy: ContentCopy): MaybePromise<void> {
  const start = performance.now();
  return after(copyAll(storage, copy), (bytes) => {
    const duration = performance.now() - start;
    if (duration < LONG_COPY_MS) return;
    const seconds = (duration / 1000).toFixed(1);
    copy.log?.(`continuing "${copy.path}" cost a copy of ${bytes} bytes, ${seconds} s`);
  });
}

function copyAll({ extensions }: Storage, { from, to, at }: ContentCopy): MaybePromise<number> {
  if (extensions.copyData === undefined) return copyByHand(from, to, at);
  return extensions.copyData({
    source: from,
    sourcePosition: at,
    length: Infinity,
    target: to,
    targetPosition: at,
    // A long copy must not keep timers waiting.
    checkpoint: () => new Promise((resolve) => setTimeout(resolve, 0)),
  });
}

function copyByHand(from: FileHandle, to: FileHandle, at: number): MaybePromise<number> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let copied = 0;
  const done = repeat(() =>
    after(from.read(buffer, at + copied), (count) => {
      if (count === 0) return false;
      return after(to.write(buffer.subarray(0, count), at + copied), () => {
        copied += count;
        return true;
      });
    })
  );
  return after(done, () => copied);
}
