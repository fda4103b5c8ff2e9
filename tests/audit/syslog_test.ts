import { assertEquals } from "@std/assert";
import type { LogEntry } from "../../lib/audit/log_sinks.ts";
import { FACILITIES, syslogMessage } from "../../lib/audit/syslog.ts";
import { LogLevel } from "../../lib/session/log.ts";

function message(facility: string, level: number, text = "text"): string {
  const entry: LogEntry = {
    level,
    time: new Date(2026, 10, 2, 8, 1, 9),
    text,
    line: () => new Uint8Array(),
  };
  const source = { facility: FACILITIES.get(facility)!, tag: "sftpwrap" };
  return new TextDecoder().decode(syslogMessage(source, entry));
}

Deno.test("syslogMessage() is what syslog(3) sends", () => {
  assertEquals(
    message("AUTH", LogLevel.INFO, 'mkdir name "/ü" mode 0777'),
    `<38>Nov  2 08:01:09 sftpwrap[${Deno.pid}]: mkdir name "/ü" mode 0777`,
  );
});

Deno.test("syslogMessage() has the priority of facility and level", () => {
  const priority = (facility: string, level: number) => message(facility, level).split(">")[0];
  assertEquals(priority("USER", LogLevel.FATAL), "<10");
  assertEquals(priority("DAEMON", LogLevel.ERROR), "<27");
  assertEquals(priority("AUTHPRIV", LogLevel.VERBOSE), "<86");
  assertEquals(priority("LOCAL0", LogLevel.DEBUG), "<135");
  assertEquals(priority("LOCAL7", LogLevel.INFO), "<190");
});

Deno.test("syslogMessage() cuts what is too long for a socket", () => {
  assertEquals(message("AUTH", LogLevel.INFO, "x".repeat(200_000)).length, 128 * 1024);
});
