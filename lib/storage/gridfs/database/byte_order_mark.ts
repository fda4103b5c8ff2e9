import { BSON } from "mongodb";

/** U+FEFF. At the beginning of a text it is a character of it, and so in a name. */
export const BYTE_ORDER_MARK = "\ufeff";

/**
 * Whether what comes from the database keeps it. Up to Deno 2.6 the driver's library decodes by a
 * `TextDecoder` that swallows it; that is made at the first text that is not ASCII, and kept. So
 * the first one is read here, while there is another `TextDecoder`. It is too late where the program
 * has used the driver before.
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
    // There is one decoder that refuses what is not UTF-8, and one that does not.
    return [true, false].every((utf8) => {
      const bytes = BSON.serialize({ [BYTE_ORDER_MARK]: BYTE_ORDER_MARK });
      const read = BSON.deserialize(bytes, { validation: { utf8 } });
      return read[BYTE_ORDER_MARK] === BYTE_ORDER_MARK;
    });
  } finally {
    globalThis.TextDecoder = TextDecoder;
  }
}
