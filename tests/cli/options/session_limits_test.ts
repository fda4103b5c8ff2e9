import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/errors.ts";
import { parseJailOptions } from "../../../lib/cli/jail/options.ts";
import { needsSlot, type SessionLimits } from "../../../lib/cli/options/session_limits.ts";
import { sessionIn } from "../../../lib/cli/options/serving_options.ts";
import { noSessionLimits } from "../../support/limits.ts";

function parsed(...args: readonly string[]): SessionLimits {
  return sessionIn(parseJailOptions([...args, "/srv"])).sessions;
}

Deno.test("the limits of sessions are read", () => {
  assertEquals(parsed(), noSessionLimits);
  assertEquals(
    parsed(
      ...["--max-sessions=3", "--max-sessions-per-address", "1", "--rate=500K", "--who"],
      ...["--shared-rate", "2M/s", "--state-dir=/run/sftpwrap/%U"],
    ),
    {
      maxSessions: 3,
      maxSessionsPerAddress: 1,
      rate: 500 * 1024,
      sharedRate: 2 * 1024 * 1024,
      who: true,
    },
  );
  const { stateDirectory } = sessionIn(parseJailOptions(["--state-dir=/run/sftpwrap/%U", "/srv"]));
  assertEquals(stateDirectory, "/run/sftpwrap/%U");
  assertEquals(parsed("--rate=1g/s").rate, 2 ** 30);
  assertEquals(parsed("--rate=7").rate, 7);
});

Deno.test("a limit that would let nothing pass, or is no number, is refused", () => {
  for (const name of ["--max-sessions", "--max-sessions-per-address"]) {
    for (const value of ["0", "-1", "1.5", "many", "", "10000000"]) {
      const { message } = assertThrows(() => parsed(`${name}=${value}`), UsageError);
      assertStringIncludes(message, name);
    }
  }
  for (const name of ["--rate", "--shared-rate"]) {
    for (const value of ["0", "0/s", "-1", "1M/m", "1.5M", "fast", "", "/s", "1M/s/s"]) {
      const { message } = assertThrows(() => parsed(`${name}=${value}`), UsageError);
      assertStringIncludes(message, name);
    }
  }
  assertThrows(() => parsed("--state-dir="), UsageError);
});

Deno.test("a rate for one session needs no file that others see; all other limits do", () => {
  assertEquals(needsSlot(parsed()), false);
  assertEquals(needsSlot(parsed("--rate=1M", "--state-dir=/somewhere")), false);
  const shared = [
    "--max-sessions=1",
    "--max-sessions-per-address=1",
    "--shared-rate=1",
    "--who",
  ];
  for (const option of shared) assertEquals(needsSlot(parsed(option)), true, option);
});
