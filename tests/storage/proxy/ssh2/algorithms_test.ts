import { assertEquals, assertThrows } from "@std/assert";
import { algorithmsOf, isAcceptedKey } from "../../../../lib/storage/proxy/ssh2/algorithms.ts";
import { ConnectError } from "../../../../lib/storage/proxy/connection_options.ts";

const KIND = { directive: "Ciphers", offered: ["a1", "a2", "b1"], more: ["b2", "c1"] };

Deno.test("algorithmsOf() takes the lists of ssh_config", () => {
  const cases: readonly (readonly [string | undefined, readonly string[]])[] = [
    [undefined, ["a1", "a2", "b1"]],
    ["b2,a1", ["b2", "a1"]],
    ["b*", ["b1", "b2"]],
    ["a1,unheard-of", ["a1"]],
    ["+b2,a1", ["a1", "a2", "b1", "b2"]],
    ["-a*", ["b1"]],
    ["^c1,a2", ["c1", "a2", "a1", "b1"]],
  ];
  for (const [list, expected] of cases) assertEquals(algorithmsOf(KIND, list), expected, list);
});

Deno.test("algorithmsOf() says where nothing is left", () => {
  for (const list of ["unheard-of", "-*"]) {
    assertThrows(() => algorithmsOf(KIND, list), ConnectError, `Ciphers ${list}`);
  }
});

Deno.test("isAcceptedKey() leaves out keys that none of the named algorithms signs with", () => {
  const rsa = ["rsa-sha2-512", "rsa-sha2-256"];
  assertEquals(isAcceptedKey(rsa, undefined), true);
  assertEquals(isAcceptedKey(rsa, "+ssh-rsa"), true);
  assertEquals(isAcceptedKey(rsa, "ssh-ed25519,rsa-sha2-256"), true);
  assertEquals(isAcceptedKey(rsa, "ssh-ed25519,ecdsa-*"), false);
  assertEquals(isAcceptedKey(rsa, "-rsa-sha2-256"), true);
  assertEquals(isAcceptedKey(rsa, "-rsa-*"), false);
});
