import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/errors.ts";
import { parseJailOptions } from "../../../lib/cli/jail/options.ts";
import { parseQuotaOptions } from "../../../lib/cli/quota/options.ts";
import { noise, withTempDir } from "../../support/files.ts";
import { measured, type QuotaPlaces, quotaSession } from "../../support/quota.ts";
import { run } from "../../support/run.ts";
import { sftpwrap } from "../../support/wire_session.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

async function quotaCommand({ jail, state }: QuotaPlaces, ...options: readonly string[]) {
  const [command, ...args] = sftpwrap(["quota", ...options, `--state-dir=${state}`, jail]);
  const { code, stdout, stderr } = await run(command!, args);
  return { code, said: stdout + stderr };
}

Deno.test({
  name: "sftpwrap quota says what a jail holds, and finds by --recount what others have changed",
  ...LINUX,
  fn: () =>
    withTempDir(async (base) => {
      const places = { jail: `${base}/jail`, state: `${base}/state` };
      await Deno.mkdir(places.jail);
      const none = await quotaCommand(places);
      assertEquals(none.code, 1);
      assertStringIncludes(none.said, "no session of this user has had a quota in");
      await (await quotaSession(places, "1M,100")).stop();
      await Deno.writeFile(`${places.jail}/outside`, noise(100_000));
      const before = await quotaCommand(places);
      assertMatch(
        before.said,
        / of 1048576 bytes \(0 %\), 1 of 100 files\nblocks of files, counted/,
      );
      const { bytes } = await measured(places.jail);
      const after = await quotaCommand(places, "--recount");
      assertStringIncludes(after.said, `counted ${bytes} bytes in 2 files, not `);
      assertStringIncludes(after.said, `${bytes} of 1048576 bytes (10 %), 2 of 100 files`);
      assertEquals([before.code, after.code], [0, 0]);
    }),
});

Deno.test("--quota takes bytes, and a number of files after a comma", () => {
  const quota = (value: string) => {
    const parsed = parseJailOptions([`--quota=${value}`, "/srv"]);
    return "print" in parsed ? undefined : parsed.quota;
  };
  assertEquals(quota("500M"), { bytes: 500 * 2 ** 20 });
  assertEquals(quota("10g,100000"), { bytes: 10 * 2 ** 30, files: 100_000 });
  for (const wrong of ["", "10X", "-1", "1,", "1,2,3", "1,2K", ",5", "1.5G"]) {
    assertThrows(() => quota(wrong), UsageError, "is not BYTES or BYTES,FILES");
  }
  const both = () => parseJailOptions(["--read-only", "--quota=1M", "/srv"]);
  assertThrows(both, UsageError, "--read-only and --quota contradict each other");
});

Deno.test("sftpwrap quota takes one directory", () => {
  assertThrows(() => parseQuotaOptions([]), UsageError, "DIR is missing");
  assertThrows(() => parseQuotaOptions(["a", "b"]), UsageError, 'unexpected operand "b"');
});
