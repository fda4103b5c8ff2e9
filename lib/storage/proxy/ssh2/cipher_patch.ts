/**
 * A patch of `node:crypto`: while ssh2 is loaded, `createCipheriv` and `createDecipheriv` are
 * replaced by functions whose ciphers free themselves.
 *
 * In Deno a cipher is an entry of the resource table, which `final()` removes and the garbage
 * collector does not: see `op_node_cipheriv_final` in https://github.com/denoland/deno/pull/18091.
 * Node frees a cipher with its object. ssh2 makes new ChaCha20 ciphers for each packet and finishes
 * none of them, so a session would grow by about a kilobyte with every packet.
 *
 * A test says when Deno no longer needs this (`cipher_patch_test.ts`). The patch also returns
 * memory early, which is worth keeping for its speed: without it and the batching socket, WRITE fell
 * to 0.44 of its throughput.
 *
 * @module
 */

import crypto from "node:crypto";

/** The cipher that ssh2 makes several times for every packet and uses only once. */
const SINGLE_USE = "chacha20";

/** Shorter results are left to the garbage collector, and may share their buffer with others. */
const MIN_RETURNED_BYTES = 8 * 1024;

/** The part of a cipher or decipher that ssh2 uses. */
interface Cipher {
  update(data: Uint8Array): Uint8Array<ArrayBuffer>;
  final(): unknown;
}

/** Makes a cipher or a decipher. */
type Create = (algorithm: string, ...rest: unknown[]) => Pick<Cipher, "update">;

type Makers = Record<"createCipheriv" | "createDecipheriv", Create>;

const makers = crypto as unknown as Makers;

/** Deno's own functions, while they are replaced. */
let deno: Makers | undefined;

/** How many loads run. The first one replaces Deno's functions, and the last one restores them. */
let loads = 0;

/**
 * Loads ssh2 with `node:crypto` patched: ssh2 gets ciphers that are finished after one use.
 *
 * @param load Takes what it needs from `node:crypto` while it runs. Several may run at once.
 */
export async function withPatchedCiphers<T>(load: () => Promise<T>): Promise<T> {
  if (loads++ === 0) {
    deno = { createCipheriv: makers.createCipheriv, createDecipheriv: makers.createDecipheriv };
    makers.createCipheriv = finishing(deno.createCipheriv);
    makers.createDecipheriv = finishing(deno.createDecipheriv);
  }
  try {
    return await load();
  } finally {
    if (--loads === 0) Object.assign(makers, deno);
  }
}

function finishing(create: Create): Create {
  return (algorithm, ...rest) => {
    const cipher = create(algorithm, ...rest);
    return algorithm === SINGLE_USE ? singleUse(cipher as Cipher) : cipher;
  };
}

/**
 * ssh2 does not use the data again after it was encrypted or decrypted. So the result is copied over
 * it, and the memory of the result is freed at once: otherwise tens of megabytes would wait for the
 * garbage collector.
 */
function singleUse(cipher: Cipher): Pick<Cipher, "update"> {
  return {
    update(data) {
      const result = cipher.update(data);
      cipher.final();
      if (result.length < MIN_RETURNED_BYTES) return result;
      data.set(result);
      if (result.buffer.byteLength === result.length) result.buffer.transfer(0);
      return data as Uint8Array<ArrayBuffer>;
    },
  };
}
