import type { FileHandle } from "../storage/storage.ts";

const PIECE_BYTES = 1024 * 1024;

/** The content of a file, each piece lent until the next; the session is served between two. */
export async function* piecesOf(
  file: Pick<FileHandle, "read">,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const piece = new Uint8Array(PIECE_BYTES);
  for (let position = 0;;) {
    const count = await file.read(piece, position);
    if (count === 0) return;
    yield piece.subarray(0, count);
    position += count;
    await new Promise((resolve) => setTimeout(resolve));
  }
}
