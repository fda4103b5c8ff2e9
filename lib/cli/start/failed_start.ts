/**
 * Reports a start that failed before its log was open.
 *
 * @module
 */

import { LOG_TAG } from "../../audit/line_log.ts";
import { whoseSession } from "../../audit/openssh_lines.ts";
import { FACILITIES } from "../../audit/syslog.ts";
import { SYSLOG_PATH } from "../../audit/syslog_socket.ts";
import { LogLevel } from "../../session/log.ts";
import { DEFAULT_FACILITY, isLogTag, isLogUser, tagWithUser } from "../options/log_options.ts";
import { identity, sessionFacts } from "./host.ts";
import { formed, syslogIfThere, tellFailure } from "./open_log.ts";
import { failureOf, isReported } from "./start_log.ts";
import { openTimeZone } from "./time_zone.ts";

/**
 * Tells syslog why a session cannot begin, if sshd has started this program: the client sees only
 * that the connection is closed. A person at a terminal has read it there.
 *
 * @param args The command line, which may be one that cannot be understood.
 */
export function reportFailedStart(error: unknown, args: readonly string[]): void {
  if (isReported(error)) return;
  const session = sessionFacts(identity().user);
  if (session.client === undefined || args.includes("--check") || Deno.stderr.isTerminal()) return;
  const logFormat = valueIn(args, "--log-format") === "json" ? "json" : "text";
  const logUser = validValue(args, "--log-user", isLogUser);
  const name = validValue(args, "--log-tag", isLogTag) ?? LOG_TAG;
  const tag = logFormat === "json" ? name : tagWithUser(name, logUser);
  const wanted = valueIn(args, "--syslog") ?? valueIn(args, "-f") ?? DEFAULT_FACILITY;
  const facility = FACILITIES.get(wanted.toUpperCase()) ?? FACILITIES.get(DEFAULT_FACILITY)!;
  const syslog = syslogIfThere(SYSLOG_PATH, { facility, tag });
  if (syslog === undefined) return;
  openTimeZone();
  formed({ logFormat, logTag: tag, logUser }, session, {
    level: LogLevel.ERROR,
    sinks: [syslog],
    onFailure: tellFailure,
  }).write(LogLevel.ERROR, `${failureOf(error)} (${whoseSession(session)})`);
}

function validValue(
  args: readonly string[],
  option: string,
  isValid: (value: string) => boolean,
): string | undefined {
  const value = valueIn(args, option);
  return value !== undefined && isValid(value) ? value : undefined;
}

/** The value of an option, as far as that can be told without a table of all options. */
function valueIn(args: readonly string[], option: string): string | undefined {
  const attached = option.startsWith("--") ? `${option}=` : option;
  const found = args.find((arg) => arg.startsWith(attached) && arg !== option);
  return found?.slice(attached.length) ?? args[args.indexOf(option) + 1 || args.length];
}
