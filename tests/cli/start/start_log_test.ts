import { assertEquals, assertRejects } from "@std/assert";
import { StartError, UsageError } from "../../../lib/cli/errors.ts";
import {
  enterConfinement,
  isReported,
  reportAndRethrow,
} from "../../../lib/cli/start/start_log.ts";
import type { SessionLog } from "../../../lib/cli/start/open_log.ts";
import { LogLevel } from "../../../lib/session/log.ts";

/** A log that keeps its lines. */
function kept() {
  const lines: string[] = [];
  const log: SessionLog = {
    level: LogLevel.INFO,
    write: (level, line) => lines.push(`${level} ${line}`),
    report: (text) => lines.push(`reported ${text}`),
  };
  return { log, lines };
}

Deno.test("reportAndRethrow() tells the log why a session cannot begin, at once or later", async () => {
  const { log, lines } = kept();
  const late = () => Promise.reject(new StartError("later"));
  await assertRejects(() => reportAndRethrow(() => log, late), StartError, "later");
  const atOnce = () => {
    throw new StartError("at once");
  };
  await assertRejects(() => reportAndRethrow(() => log, atOnce), StartError, "at once");
  assertEquals(lines, [
    "reported session not started: later",
    "reported session not started: at once",
  ]);
});

Deno.test("reportAndRethrow() tells the log of a bug too, and remembers what it has told", async () => {
  const { log, lines } = kept();
  const errors = [new UsageError("no DIR"), new TypeError("a bug")];
  for (const error of errors) {
    assertEquals(isReported(error), false);
    await assertRejects(() => reportAndRethrow(() => log, () => Promise.reject(error)));
    assertEquals(isReported(error), true);
  }
  assertEquals(lines, [
    "reported session not started: no DIR",
    "reported session broken off by an error of this program: TypeError: a bug",
  ]);
});

Deno.test("reportAndRethrow() asks for no log where a step is taken", async () => {
  const none = () => {
    throw new Error("no log is needed");
  };
  assertEquals(await reportAndRethrow(none, () => 7), 7);
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

Deno.test("reportAndRethrow() tells the log of a rejection that nothing handles", async () => {
  const { log, lines } = kept();
  const reason = new RangeError("stray");
  const rejected = () => {
    const promise = Promise.resolve();
    globalThis.dispatchEvent(
      new PromiseRejectionEvent("unhandledrejection", { promise, reason, cancelable: true }),
    );
  };
  await reportAndRethrow(() => log, rejected);
  rejected();
  assertEquals(lines, [
    "reported session broken off by an error of this program: RangeError: stray",
  ]);
});
