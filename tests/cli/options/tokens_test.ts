import { assertEquals, assertThrows } from "@std/assert";
import { StartError, UsageError } from "../../../lib/cli/errors.ts";
import { expandTokens } from "../../../lib/cli/options/tokens.ts";

const alice = { user: "alice", uid: 1001, home: "/home/alice" };
const nobody = { user: undefined, uid: undefined, home: undefined };

Deno.test("expandTokens() inserts user, number and home", () => {
  const texts: [string, string][] = [
    ["/srv/sftp/%u", "/srv/sftp/alice"],
    ["/srv/%U/%u", "/srv/1001/alice"],
    ["%h/files", "/home/alice/files"],
    ["%d/files", "/home/alice/files"],
    ["100%%", "100%"],
    ["%%u", "%u"],
    ["%%%u", "%alice"],
    ["plain", "plain"],
    ["", ""],
  ];
  for (const [text, expected] of texts) assertEquals(expandTokens(text, alice), expected);
});

Deno.test("expandTokens() does not expand what it has inserted", () => {
  assertEquals(expandTokens("/%u", { ...alice, user: "%h" }), "/%h");
});

Deno.test("expandTokens() refuses tokens that are not known", () => {
  for (const text of ["%x", "/a/%", "% u", "%\n"]) {
    assertThrows(() => expandTokens(text, alice), UsageError, "unknown token");
  }
});

Deno.test("expandTokens() refuses a token whose value is not known here", () => {
  for (const token of ["%u", "%U", "%h", "%d"]) {
    assertThrows(() => expandTokens(`/${token}`, nobody), StartError, token);
  }
  assertEquals(expandTokens("/srv/%%", nobody), "/srv/%");
});

Deno.test("expandTokens() refuses a user's name that leads through directories", () => {
  for (const user of ["", ".", "..", "../root", "a/b", "/"]) {
    assertThrows(() => expandTokens("/srv/%u", { ...alice, user }), StartError, "user name");
  }
});
