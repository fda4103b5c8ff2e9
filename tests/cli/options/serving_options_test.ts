import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/errors.ts";
import { parseJailOptions } from "../../../lib/cli/jail/options.ts";
import { parseProxyOptions } from "../../../lib/cli/proxy/options.ts";
import { sessionTimes } from "../../../lib/cli/options/serving_options.ts";

Deno.test("sessionTimes() takes seconds, minutes and hours", () => {
  for (
    const [value, expected] of [
      ["1", 1_000],
      ["30", 30_000],
      ["30s", 30_000],
      ["15m", 900_000],
      ["2h", 7_200_000],
      ["999999h", 3_599_996_400_000],
    ] as const
  ) {
    assertEquals(sessionTimes(new Map([["idle-timeout", value]])), {
      idleTimeout: expected,
      maxSession: undefined,
    });
    assertEquals(sessionTimes(new Map([["max-session", value]])), {
      idleTimeout: undefined,
      maxSession: expected,
    });
  }
});

Deno.test("sessionTimes() refuses what is not a time", () => {
  for (const value of ["", "0", "0s", "-1", "1.5", "1d", "m", "15 m", "1h30m", "1e3", "9999999"]) {
    assertThrows(
      () => sessionTimes(new Map([["idle-timeout", value]])),
      UsageError,
      `--idle-timeout "${value}" is not a time such as 90, 90s, 15m or 2h`,
    );
  }
});

Deno.test("every subcommand that serves a session takes both times", () => {
  const times = ["--idle-timeout=15m", "--max-session", "8h"];
  for (
    const options of [parseJailOptions([...times, "/srv"]), parseProxyOptions([...times, "h"])]
  ) {
    if ("print" in options) throw new Error(options.print);
    assertEquals([options.idleTimeout, options.maxSession], [900_000, 28_800_000]);
  }
});
