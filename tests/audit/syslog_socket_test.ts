import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { FACILITIES } from "../../lib/audit/syslog.ts";
import { StartError } from "../../lib/cli/errors.ts";
import { openLog } from "../../lib/cli/start/open_log.ts";
import type { LogOptions } from "../../lib/cli/options/log_options.ts";
import { openSyslog } from "../../lib/audit/syslog_socket.ts";
import { LogLevel } from "../../lib/session/log.ts";
import { openLibc } from "../../lib/linux/libc.ts";
import { DatagramListener } from "../support/datagrams.ts";
import { withTempDir } from "../support/files.ts";

const ignore = Deno.build.os !== "linux";

// Opened once for the process, and so not in a test.
if (!ignore) openLibc();

const SESSION = { id: "one", user: "alice", client: "192.0.2.7", clientPort: 50022 };
const OPTIONS: LogOptions = {
  logFile: undefined,
  logToStderr: false,
  logLevel: LogLevel.INFO,
  logFormat: "text",
  logTag: "sftpwrap",
  logUser: undefined,
  logHash: undefined,
  syslog: undefined,
  logRequired: false,
};

/** Without the time. */
function told(message: string): string {
  return message.replace(/^(<\d+>)\w{3} [ \d]\d \d\d:\d\d:\d\d /, "$1");
}

for (const logFormat of ["text", "json"] as const) {
  Deno.test({
    name: `a confined process logs to syslog (${logFormat})`,
    ignore,
    fn: () =>
      withTempDir(async (directory) => {
        const path = `${directory}/log`;
        await Deno.mkdir(`${directory}/jail`);
        let listener = new DatagramListener(path);
        const script = new URL("../cli/syslog_child.ts", import.meta.url).pathname;
        const child = new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--no-check", script, `${directory}/jail`, path, logFormat],
          stdin: "piped",
          stdout: "piped",
        }).spawn();
        const reader = child.stdout.getReader();
        assertEquals((await reader.read()).value, Uint8Array.of(0x2e));
        const messages = listener.take();
        // syslog is restarted; the process, which cannot open any file, finds it nevertheless.
        listener[Symbol.dispose]();
        listener = new DatagramListener(path);
        const writer = child.stdin.getWriter();
        await writer.write(Uint8Array.of(0x2e));
        await writer.close();
        await reader.cancel();
        assertEquals((await child.status).code, 0);
        messages.push(...listener.take());
        listener[Symbol.dispose]();
        const own = `sftpwrap[${child.pid}]: `;
        if (logFormat === "text") {
          assertEquals(messages.map(told), [
            `<171>${own}before`,
            `<174>${own}rings true,true,true`,
            `<174>${own}two\\012lines of ü\\377`,
          ]);
        } else {
          const events = messages.map((message) =>
            JSON.parse(message.slice(message.indexOf(own) + own.length))
          );
          assertEquals(events.map(({ message }) => message), [
            "before",
            "rings true,true,true",
            "two\nlines of ü\udcff",
          ]);
          assertEquals([events[0].user, events[0].client], ["alice", "192.0.2.7"]);
        }
      }),
  });
}

Deno.test({
  name: "without an option for it the log goes to syslog as AUTH, if there is one",
  ignore,
  // A log stays open as long as its process runs.
  sanitizeResources: false,
  fn: () =>
    withTempDir((directory) => {
      const path = `${directory}/log`;
      assertEquals(openLog(OPTIONS, SESSION, path).level, LogLevel.QUIET);
      using listener = new DatagramListener(path);
      openLog(OPTIONS, SESSION, path).write(LogLevel.INFO, "line");
      assertEquals(listener.take().map(told), [`<38>sftpwrap[${Deno.pid}]: line`]);
      const quiet = { ...OPTIONS, logLevel: LogLevel.QUIET };
      assertEquals(openLog(quiet, SESSION, path).level, LogLevel.QUIET);
      const elsewhere = { ...OPTIONS, logFile: `${directory}/file` };
      openLog(elsewhere, SESSION, path).write(LogLevel.INFO, "line");
      assertEquals(listener.take(), []);
      const both = { ...elsewhere, syslog: FACILITIES.get("USER") };
      openLog(both, SESSION, path).write(LogLevel.INFO, "both");
      assertEquals(listener.take().map(told), [`<14>sftpwrap[${Deno.pid}]: both`]);
      assertMatch(Deno.readTextFileSync(`${directory}/file`), /: line\n.*: both\n$/);
      return Promise.resolve();
    }),
});

Deno.test({
  name: "openLog() takes a syslog that listens, and the one that is asked for",
  ignore,
  fn: () =>
    withTempDir((directory) => {
      const path = `${directory}/log`;
      using listener = new DatagramListener(path);
      const log = openLog(OPTIONS, SESSION, path);
      const json = openLog({ ...OPTIONS, logFormat: "json" }, SESSION, path);
      log.write(LogLevel.INFO, "line");
      assertEquals(listener.take().map(told), [`<38>sftpwrap[${Deno.pid}]: line`]);
      assertEquals([log.level, log.observer], [LogLevel.INFO, undefined]);
      assert(json.observer !== undefined);
      openLog({ ...OPTIONS, syslog: FACILITIES.get("USER") }, SESSION, path)
        .write(LogLevel.INFO, "asked");
      assertEquals(listener.take().map(told), [`<14>sftpwrap[${Deno.pid}]: asked`]);
      const asked = { ...OPTIONS, logRequired: true, logFile: `${directory}/missing/file` };
      assertThrows(() => openLog(asked, SESSION, path), StartError, "cannot open the log");
      return Promise.resolve();
    }),
});

Deno.test({
  name: "--syslog without a syslog is refused if the log is required",
  ignore,
  fn: () =>
    withTempDir((directory) => {
      const options = { ...OPTIONS, syslog: FACILITIES.get("AUTH") };
      const path = `${directory}/log`;
      assertEquals(openLog(options, SESSION, path).level, LogLevel.QUIET);
      for (const required of [options, OPTIONS].map((one) => ({ ...one, logRequired: true }))) {
        assertThrows(
          () => openLog(required, SESSION, path),
          StartError,
          "syslog cannot be reached",
        );
      }
      return Promise.resolve();
    }),
});

Deno.test({
  name: "a syslog that is stuck, or gone, is an error and never an endless wait",
  ignore,
  fn: () =>
    withTempDir((directory) => {
      const path = `${directory}/log`;
      const libc = openLibc();
      const waits: number[] = [];
      const listener = new DatagramListener(path);
      const calls = {
        ...libc,
        poll(fds: Uint8Array<ArrayBuffer>, timeout: number) {
          waits.push(timeout);
          return libc.poll(fds, 0);
        },
      };
      const sink = openSyslog(calls, path, { facility: 4, tag: "sftpwrap" });
      const entry = { level: 3, time: new Date(), text: "x", line: () => new Uint8Array() };
      const failures: string[] = [];
      // No process reads them, and the system keeps only some.
      for (let count = 0; count < 1000 && failures.length < 3; count++) {
        try {
          sink(entry);
        } catch (error) {
          failures.push(String(error));
        }
      }
      assertEquals(failures.length, 3);
      assert(failures.every((failure) => failure.includes("system error 11")));
      assertEquals(waits, [1000, 0, 0]);
      assert(listener.take().length > 0);
      sink(entry);
      assertEquals(listener.take().length, 1);
      listener[Symbol.dispose]();
      assertThrows(() => sink(entry), Error, "syslog cannot be reached");
      using again = new DatagramListener(path);
      sink(entry);
      assertEquals(again.take().length, 1);
      return Promise.resolve();
    }),
});
