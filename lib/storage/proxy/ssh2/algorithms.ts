import { createCipheriv, getCiphers } from "node:crypto";
import { ConnectError } from "../connection_options.ts";
import { matchesList, matchesPatterns } from "../config/patterns.ts";

/** A kind of algorithm: what is offered by default, and what else there is. */
interface Kind {
  /** The directive of ssh_config. */
  readonly directive: string;
  readonly offered: readonly string[];
  readonly more: readonly string[];
}

/** The algorithms of the embedded transport, the fastest cipher first. */
export const ALGORITHMS = {
  hostKey: {
    directive: "HostKeyAlgorithms",
    offered: [
      "ssh-ed25519",
      "ecdsa-sha2-nistp256",
      "ecdsa-sha2-nistp384",
      "rsa-sha2-512",
      "rsa-sha2-256",
      // Deno 2.6 refuses every signature of this algorithm.
      "ecdsa-sha2-nistp521",
    ],
    more: ["ssh-rsa", "ssh-dss"],
  },
  cipher: {
    directive: "Ciphers",
    offered: [...chacha20(), "aes128-ctr", "aes192-ctr", "aes256-ctr"],
    more: [
      // Slower here than all of the above, and broken in Deno 2.6.
      "aes128-gcm@openssh.com",
      "aes256-gcm@openssh.com",
      "aes128-cbc",
      "aes192-cbc",
      "aes256-cbc",
    ],
  },
  mac: {
    directive: "MACs",
    offered: [
      "hmac-sha2-256-etm@openssh.com",
      "hmac-sha2-512-etm@openssh.com",
      "hmac-sha1-etm@openssh.com",
      "hmac-sha2-256",
      "hmac-sha2-512",
      "hmac-sha1",
    ],
    more: [],
  },
  kex: {
    directive: "KexAlgorithms",
    offered: [
      "curve25519-sha256",
      "curve25519-sha256@libssh.org",
      "ecdh-sha2-nistp256",
      "ecdh-sha2-nistp384",
      "ecdh-sha2-nistp521",
      "diffie-hellman-group-exchange-sha256",
      "diffie-hellman-group14-sha256",
      "diffie-hellman-group15-sha512",
      "diffie-hellman-group16-sha512",
      "diffie-hellman-group17-sha512",
      "diffie-hellman-group18-sha512",
    ],
    more: [
      "diffie-hellman-group-exchange-sha1",
      "diffie-hellman-group14-sha1",
      "diffie-hellman-group1-sha1",
    ],
  },
} satisfies Record<string, Kind>;

/**
 * Ciphers for connections through other connections. Not ChaCha20: ssh2 has one nonce buffer for all
 * connections, so the rest of a packet inside another one would be encrypted with the wrong nonce.
 */
export const NESTED_CIPHER: Kind = {
  ...ALGORITHMS.cipher,
  offered: ALGORITHMS.cipher.offered.filter((name) => !name.startsWith("chacha20")),
};

/**
 * The algorithms to offer, by a list of ssh_config: one that replaces the default, or one that
 * adds to it (`+`), removes from it (`-`) or is put before it (`^`).
 *
 * @throws {ConnectError} If the embedded transport has none of them.
 */
export function algorithmsOf(kind: Kind, list: string | undefined): string[] {
  if (list === undefined) return [...kind.offered];
  const all = [...kind.offered, ...kind.more];
  const names = list.replace(/^[-+^]/, "").split(",");
  const chosen = unique(names.flatMap((name) => all.filter((one) => matchesList(one, name))));
  const result = list.startsWith("+")
    ? unique([...kind.offered, ...chosen])
    : list.startsWith("-")
    ? kind.offered.filter((one) => !matchesPatterns(one, names))
    : list.startsWith("^")
    ? unique([...chosen, ...kind.offered])
    : chosen;
  if (result.length > 0) return result;
  throw new ConnectError(
    `${kind.directive} ${list}: the embedded transport has none of these: use --transport=openssh`,
  );
}

/** Whether keys that sign with one of these algorithms may be tried, by a list as above. */
export function isAcceptedKey(signatures: readonly string[], list: string | undefined): boolean {
  if (list === undefined || /^[+^]/.test(list)) return true;
  const names = list.replace(/^-/, "").split(",");
  if (list.startsWith("-")) return !signatures.every((name) => matchesPatterns(name, names));
  return signatures.some((name) => matchesPatterns(name, names));
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

/** The fastest cipher by far, if Deno has it and it works. */
function chacha20(): string[] {
  if (!getCiphers().includes("chacha20")) return [];
  // The beginning of the key stream for a key of zeros, from RFC 7539, A.1.
  const zeros = new Uint8Array(32);
  const stream = createCipheriv("chacha20", zeros, zeros.subarray(0, 16)).update(zeros);
  return stream.toString("hex").startsWith("76b8e0ada0f13d90405d6ae55386bd28")
    ? ["chacha20-poly1305@openssh.com"]
    : [];
}
