import { FACILITIES } from "../../audit/syslog.ts";
import { openSyslogIfThere, SYSLOG_PATH } from "../../audit/syslog_socket.ts";
import { openLibcIfAllowed } from "../../linux/libc.ts";
import { messageOf } from "../../message_of.ts";
import { LogLevel } from "../../session/log.ts";
import { openToAppend } from "../files/append_file.ts";
import { OTHERS_MAY_WRITE } from "../files/file_place.ts";
import { DEFAULT_FACILITY, type LogOptions } from "../options/log_options.ts";
import { statusOf } from "../jail/containment.ts";
import { environment } from "../start/host.ts";
import { shellWord } from "../shell_word.ts";
import { bad, type Finding, ok, warn } from "./finding.ts";

/** Whether the log can be opened, and goes on after a rotation. */
export function* checkLog(options: LogOptions): Iterable<Finding> {
  const { logFile, logToStderr, syslog } = options;
  if (logFile !== undefined) yield* checkFile(logFile, options);
  if (logToStderr) {
    yield warn("log: sshd throws the standard error of an SFTP session away: use --syslog or -l");
  }
  if (syslog !== undefined || logFile === undefined && !logToStderr) {
    yield* checkSyslog(options, syslog !== undefined);
  }
}

/** What becomes of a session whose log cannot be opened. */
function servedOrNot(isRefused: boolean, served: string): string {
  return isRefused ? "the session is refused (--log-required)" : served;
}

function* checkSyslog(options: LogOptions, wanted: boolean): Iterable<Finding> {
  const { logTag: tag, logRequired, logLevel } = options;
  const facility = FACILITIES.get(DEFAULT_FACILITY)!;
  const libc = openLibcIfAllowed();
  const sink = libc && openSyslogIfThere(libc, SYSLOG_PATH, { facility, tag });
  if (sink !== undefined) return yield ok("log: syslog listens");
  const isRefused = logRequired && (wanted || logLevel > LogLevel.QUIET);
  const served = servedOrNot(
    isRefused,
    "the session is served, and nothing is logged: use -l FILE",
  );
  yield (wanted || isRefused ? bad : warn)(`log: no syslog listens at ${SYSLOG_PATH}; ${served}`);
}

function* checkFile(path: string, { logRequired }: LogOptions): Iterable<Finding> {
  const before = statusOf(path);
  const folder = path.replace(/\/[^/]*$/, "") || "/";
  const user = environment("USER") ?? environment("LOGNAME") ?? "USER";
  const served = servedOrNot(logRequired, "the session is served, and its log goes to syslog");
  if (before?.isDirectory === true) return yield bad(`log: ${path} is a directory; ${served}`);
  if (before?.isFifo === true) {
    return yield checkFifo(path);
  }
  try {
    openToAppend(path);
    // What a look has made is removed again.
    if (before === undefined) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const run = before !== undefined
      ? `chown ${user}: ${shellWord(path)}`
      : statusOf(folder) === undefined
      ? `install -d -o ${user} -m 700 ${shellWord(folder)}`
      : `install -o ${user} -m 600 /dev/null ${shellWord(path)}`;
    return yield bad(`log: cannot open ${path}: ${messageOf(error)}; ${served}`, run);
  }
  yield ok(`log: ${path} can be written`);
  if (!path.startsWith("/")) {
    yield bad(`log: ${path} is relative: sshd starts sessions in the home directory`);
  } else if (((statusOf(folder)?.mode ?? 0) & OTHERS_MAY_WRITE) !== 0 && folder !== "/dev") {
    yield warn(`log: logrotate skips ${folder}, in which others may write, without "su root root"`);
  }
}

/** Opening one waits for nothing, and fails without a reader, which may still come. */
function checkFifo(path: string): Finding {
  try {
    openToAppend(path);
    return ok(`log: ${path} is a FIFO, and a program reads it`);
  } catch (error) {
    return warn(`log: ${path} is a FIFO, which needs a program that reads it: ${messageOf(error)}`);
  }
}
