import crypto from "node:crypto";

/** The cipher that ssh2 makes anew, several times for every packet. */
const SINGLE_USE = "chacha20";

/**
 * Loads ssh2, and hands it ciphers that are finished when they have been used.
 *
 * Deno gives back what stands behind a cipher when that is finished and not before, and ssh2
 * finishes none of those that it uses once: a session would grow by a kilobyte with every packet.
 *
 * @param load Takes what it needs from `node:crypto` while it runs.
 */
export async function withFinishedCiphers<T>(load: () => Promise<T>): Promise<T> {
  const { createCipheriv, createDecipheriv } = crypto;
  crypto.createCipheriv = finishing(createCipheriv);
  crypto.createDecipheriv = finishing(createDecipheriv);
  try {
    return await load();
  } finally {
    Object.assign(crypto, { createCipheriv, createDecipheriv });
  }
}

/** What makes ciphers, whichever way they work. */
type Create<C> = (...args: never) => C;

/** Both kinds of cipher, as far as ssh2 uses one that it uses once. */
interface Cipher {
  update(data: Uint8Array): unknown;
  final(): unknown;
}

function finishing<C extends Cipher, F extends Create<C>>(create: F): F {
  const made = (...args: Parameters<F>) => {
    const cipher = create(...args as never);
    return String(args[0]) === SINGLE_USE ? singleUse(cipher) : cipher;
  };
  return made as unknown as F;
}

function singleUse(cipher: Cipher): Pick<Cipher, "update"> {
  return {
    update(data) {
      const result = cipher.update(data);
      cipher.final();
      return result;
    },
  };
}
