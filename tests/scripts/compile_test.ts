import { assertEquals } from "@std/assert";
import { failure } from "../../scripts/compile.ts";

Deno.test("failure() says that denort cannot be downloaded, and what to set", () => {
  const stderr = `error: Writing deno compile executable to temporary file '/x.tmp-1'

Caused by:
    0: Setting up base binary.
    1: error sending request for url (https://dl.deno.land/release/v2.9.6/denort-x86_64.zip): dns error
    2: dns error

Stack backtrace:
   0: <unknown>
`;
  assertEquals(
    failure(stderr),
    "Deno's base binary (denort) cannot be downloaded: set DENORT_BIN to one (Setting up base " +
      "binary: error sending request for url (https://dl.deno.land/release/v2.9.6/denort-x86_64.zip): " +
      "dns error)",
  );
});

Deno.test("failure() tells the cause of any other failure in one line", () => {
  const stderr =
    "error: Writing\n\nCaused by:\n    0: Could not find denort at '/x'\n    1: Gone\n";
  assertEquals(failure(stderr), "Could not find denort at '/x': Gone");
  const other =
    "error: Failed\n    0: error sending request for url (https://x.example/std.tgz): no\n";
  assertEquals(failure(other), "error sending request for url (https://x.example/std.tgz): no");
  assertEquals(failure("error: Module not found\n    at x.ts:1:1\n"), "Module not found");
  assertEquals(failure("\n"), "deno compile failed");
});
