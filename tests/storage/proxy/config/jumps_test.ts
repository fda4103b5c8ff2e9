import { assertEquals, assertThrows } from "@std/assert";
import { ConnectError } from "../../../../lib/storage/proxy/connection_options.ts";
import { lastJump } from "../../../../lib/storage/proxy/config/jumps.ts";

Deno.test("lastJump() takes the last host of a list apart", () => {
  const none = { user: undefined, port: undefined, before: undefined };
  assertEquals(lastJump("box"), { ...none, host: "box" });
  assertEquals(lastJump("alice@box:2222"), { ...none, host: "box", user: "alice", port: 2222 });
  assertEquals(lastJump("[::1]"), { ...none, host: "::1" });
  assertEquals(lastJump("a,b@c, d@e@[::1]:22"), {
    host: "::1",
    user: "d@e",
    port: 22,
    before: "a,b@c",
  });
  const alice = { ...none, host: "box", user: "alice", port: 2222 };
  assertEquals(lastJump("ssh://alice@box:2222"), alice);
  assertEquals(lastJump("ssh://alice@box:2222/"), alice);
  assertEquals(lastJump("ssh://box/"), { ...none, host: "box" });
});

Deno.test("lastJump() refuses what is no host", () => {
  for (
    const list of [
      "",
      "a,",
      "box:",
      "box:0",
      "box:65536",
      "box:ssh",
      "::1",
      "-oX=y",
      "@box",
      "a/b",
      "a b",
    ]
  ) {
    assertThrows(() => lastJump(list), ConnectError, "ProxyJump");
  }
});
