import { assertEquals, assertRejects } from "@std/assert";
import { StartError } from "../../../lib/cli/errors.ts";
import { enterConfinement, orLogged } from "../../../lib/cli/start/start_log.ts";
import { type Log, LogLevel } from "../../../lib/session/log.ts";

/** A log that keeps its lines. */
function kept() {
  const lines: string[] = [];
  const log: Log = {
    level: LogLevel.INFO,
    write: (level, line) => lines.push(`${level} ${line}`),
  };
  return { log, lines };
}

Deno.test("orLogged() tells the log why a session cannot begin, at once or later", async () => {
  const { log, lines } = kept();
  const late = () => Promise.reject(new StartError("later"));
  await assertRejects(() => orLogged(() => log, late), StartError, "later");
  const atOnce = () => {
    throw new StartError("at once");
  };
  await assertRejects(() => orLogged(() => log, atOnce), StartError, "at once");
  assertEquals(lines, [`${LogLevel.ERROR} later`, `${LogLevel.ERROR} at once`]);
});

Deno.test("orLogged() asks for no log where a step is taken, or a bug is met", async () => {
  const none = () => {
    throw new Error("no log is needed");
  };
  assertEquals(await orLogged(none, () => 7), 7);
  const bug = () => {
    throw new TypeError("a bug");
  };
  await assertRejects(() => orLogged(none, bug), TypeError, "a bug");
});

Deno.test("enterConfinement() tells what holds and what does not", () => {
  const { log, lines } = kept();
  const enter = () =>
    [
      { name: "permissions", holds: true, text: "no files" },
      { name: "resolution", holds: true, text: "by the kernel" },
      { name: "landlock", holds: false, text: "no FFI" },
    ] as const;
  enterConfinement({ enter }, log);
  assertEquals(lines, [
    `${LogLevel.INFO} confined by openat2 and permissions`,
    `${LogLevel.VERBOSE} ring permissions holds: no files`,
    `${LogLevel.VERBOSE} ring resolution holds: by the kernel`,
    `${LogLevel.ERROR} ring landlock does not hold: no FFI`,
  ]);
});
