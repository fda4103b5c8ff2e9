import { assertEquals, assertMatch } from "@std/assert";
import { noise, withTempDir } from "../../support/files.ts";
import { bookFile, quotaSession } from "../../support/quota.ts";
import { run } from "../../support/run.ts";
import { sftpwrap } from "../../support/wire_session.ts";

Deno.test({
  name: "--check says how much of a quota is used, and what keeps it from being kept",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withTempDir(async (base) => {
      const places = { jail: `${base}/jail`, state: `${base}/state` };
      await Deno.mkdir(places.jail);
      const check = async (quota: string) => {
        const options = ["--check", `--quota=${quota}`, `--state-dir=${places.state}`];
        const [command, ...args] = sftpwrap(["jail", ...options, places.jail]);
        const { stdout } = await run(command!, args);
        return stdout.split("\n").find((line) => line.includes("quota:"));
      };
      assertEquals(await check("1M"), "ok   quota: the first session counts what is there");
      const session = await quotaSession(places, "1M");
      await session.client.writeFile("/file", noise(600_000));
      await session.stop();
      assertMatch((await check("1M"))!, /^ok +quota: \d+ of 1048576 bytes \(58 %\), 2 files \(/);
      assertMatch((await check("100K"))!, /^warn quota: .*: it is full$/);
      const path = await bookFile(places.state);
      await Deno.chmod(path, 0o666);
      assertMatch((await check("1M"))!, /^BAD +quota: .* others may write in it \(chmod 600\)$/);
      await Deno.chmod(path, 0o600);
      await Deno.writeTextFile(path, "damaged");
      assertMatch(
        (await check("1M"))!,
        /^warn quota: .* is damaged: the next session counts anew$/,
      );
    }),
});
