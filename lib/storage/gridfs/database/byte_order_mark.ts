import { BSON } from "mongodb";

/** U+FEFF. At the beginning of a text it is an ordinary character, and so it is in a name. */
export const BYTE_ORDER_MARK = "\ufeff";

/**
 * Whether the driver keeps a byte order mark that comes from the database. Up to Deno 2.6 the
 * driver's library decodes with a `TextDecoder` that drops it. The library creates that decoder at
 * the first text that is not ASCII, and keeps it. So the first such text is decoded here, while
 * another `TextDecoder` is in place. This is too late where the program has used the driver before.
 */
export const keepsByteOrderMark: boolean = teach();

function teach(): boolean {
  const { TextDecoder } = globalThis;
  globalThis.TextDecoder = class extends TextDecoder {
    constructor(label?: string, options?: TextDecoderOptions) {
      super(label, { ...options, ignoreBOM: true });
    }
  };
  try {
    // There is one decoder that rejects invalid UTF-8, and one that does not.
    return [true, false].every((utf8) => {
      const bytes = BSON.serialize({ [BYTE_ORDER_MARK]: BYTE_ORDER_MARK });
      const read = BSON.deserialize(bytes, { validation: { utf8 } });
      return read[BYTE_ORDER_MARK] === BYTE_ORDER_MARK;
    });
  } finally {
    globalThis.TextDecoder = TextDecoder;
  }
}
