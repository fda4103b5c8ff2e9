import { assertEquals, assertThrows } from "@std/assert";
import { parseDoctorOptions } from "../../../lib/cli/doctor/options.ts";
import { UsageError } from "../../../lib/cli/errors.ts";

Deno.test("what follows the subcommand's name is its own line, whatever it looks like", () => {
  const args = ["--user", "jail", "-f/etc/x", "jail", "-d", "/in", "--user=x", "/srv"];
  assertEquals(parseDoctorOptions(args), {
    subcommand: "jail",
    args: ["-d", "/in", "--user=x", "/srv"],
    user: "jail",
    sshdConfig: "/etc/x",
    noSshd: false,
  });
});

Deno.test("a doctor needs one of the subcommands that serve", () => {
  for (const args of [[], ["--user", "alice"], ["authorize"], ["/srv"], ["--nope", "jail"]]) {
    assertThrows(() => parseDoctorOptions(args), UsageError);
  }
});
