// The types of `@std/streams` that this project uses; `streams.ts` says why they are here.

/** Reads the stream to its end as one text; bytes are decoded as UTF-8. */
export function toText(stream: ReadableStream<string | Uint8Array>): Promise<string>;

/** Splits text into lines, without their ends (`\n` or `\r\n`; `\r` too with `allowCR`). */
export class TextLineStream extends TransformStream<string, string> {
  constructor(options?: { allowCR?: boolean });
}
