import { assertEquals, assertStringIncludes } from "@std/assert";
import type { HostKey } from "../../../../lib/storage/proxy/host_keys/host_keys.ts";
import {
  judge,
  orderAlgorithms,
  type Verdict,
  type Verified,
} from "../../../../lib/storage/proxy/host_keys/host_verification.ts";
import type { KnownKey } from "../../../../lib/storage/proxy/host_keys/known_hosts.ts";

const KEY: HostKey = { type: "ssh-ed25519", base64: "AAAA" };
const OTHER: HostKey = { type: "ssh-ed25519", base64: "BBBB" };
const RSA: HostKey = { type: "ssh-rsa", base64: "CCCC" };

/** What is known, how strictly it is looked at, and what comes of it. */
interface Case {
  readonly name: string;
  readonly known?: readonly KnownKey[];
  readonly keysWithoutPort?: readonly KnownKey[];
  /** By `verification`; where one is left out it is as for `strict`. */
  readonly kinds: Partial<Record<Verified["verification"], Verdict["kind"]>>;
  /** Words of the refusal under `strict`. */
  readonly words?: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "an unknown host",
    kinds: { strict: "refused", "accept-new": "new", off: "doubtful" },
    words: ["not known", "SHA256:", "ssh-keyscan -p 2222 box >> '/my files/known'", "--accept-new"],
  },
  { name: "a known key", known: [line(KEY)], kinds: { strict: "known" } },
  {
    name: "a known key among others",
    known: [line(RSA), line(OTHER), line(KEY)],
    kinds: { strict: "known" },
  },
  {
    name: "another key of the same type",
    known: [line(OTHER)],
    kinds: { strict: "refused", "accept-new": "refused", off: "doubtful" },
    words: ["HAS CHANGED", "known_hosts line 3", "ssh-keygen -R '[box]:2222'"],
  },
  {
    name: "a key of another type than those known",
    known: [line(RSA)],
    kinds: { strict: "refused", "accept-new": "refused", off: "doubtful" },
    words: ["HAS CHANGED", "the RSA key"],
  },
  {
    name: "a revoked key, although it is known",
    known: [line(KEY), line(KEY, "revoked")],
    kinds: { strict: "refused", "accept-new": "refused", off: "refused" },
    words: ["REVOKED", "known_hosts line 3"],
  },
  {
    name: "another key that is revoked",
    known: [line(OTHER, "revoked"), line(KEY)],
    kinds: { strict: "known" },
  },
  {
    name: "a revocation makes nobody known",
    known: [line(OTHER, "revoked")],
    kinds: { strict: "refused", "accept-new": "new", off: "doubtful" },
    words: ["not known"],
  },
  {
    name: "a certificate authority alone",
    known: [line(OTHER, "cert-authority")],
    kinds: { strict: "refused", "accept-new": "refused", off: "refused" },
    words: ["certificate authority", "--transport=openssh"],
  },
  {
    name: "an authority's own key is no host's",
    known: [line(KEY, "cert-authority")],
    kinds: { strict: "refused" },
    words: ["--transport=openssh"],
  },
  {
    name: "an authority beside the key",
    known: [line(OTHER, "cert-authority"), line(KEY)],
    kinds: { strict: "known" },
  },
  {
    name: "the key under the name without the port",
    keysWithoutPort: [line(KEY)],
    kinds: { strict: "known" },
  },
  {
    name: "another key under the name without the port",
    keysWithoutPort: [line(OTHER)],
    kinds: { strict: "refused", "accept-new": "new", off: "doubtful" },
    words: ["not known"],
  },
  {
    name: "a revoked key under the name without the port",
    known: [line(KEY)],
    keysWithoutPort: [line(KEY, "revoked")],
    kinds: { strict: "refused", "accept-new": "refused", off: "refused" },
    words: ["REVOKED"],
  },
];

for (const { name, known = [], keysWithoutPort = [], kinds, words = [] } of CASES) {
  Deno.test(`judge() knows ${name}`, () => {
    for (const verification of ["strict", "accept-new", "off"] as const) {
      const verdict = judge(KEY, { target: target(verification), known, keysWithoutPort });
      assertEquals(verdict.kind, kinds[verification] ?? kinds.strict, verification);
      if (verification !== "strict") continue;
      for (const word of words) assertStringIncludes(verdict.reason, word);
      assertEquals(verdict.reason.includes("\n"), false);
    }
    const unchecked = judge(KEY, { target: target("unchecked"), known, keysWithoutPort });
    assertEquals(unchecked.kind, "known");
  });
}

Deno.test("orderAlgorithms() puts those of known keys first", () => {
  const all = ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"];
  assertEquals(orderAlgorithms(all, [line(RSA)]), [
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
  ]);
  assertEquals(orderAlgorithms(all, [line(RSA, "revoked")]), all);
  const rotated = orderAlgorithms(all, [line(RSA), line(OTHER), line(OTHER, "revoked")]);
  assertEquals(rotated.at(0), "rsa-sha2-512");
  assertEquals(orderAlgorithms(all, []), all);
});

function line(key: HostKey, marker?: KnownKey["marker"]): KnownKey {
  return { ...key, file: "known_hosts", line: 3, marker };
}

function target(verification: Verified["verification"]): Verified {
  return {
    hostName: "box",
    port: 2222,
    keyName: "[box]:2222",
    verification,
    userKnownHosts: ["/my files/known"],
    jumps: undefined,
  };
}
