import { type Log, LogLevel } from "../session/log.ts";
import type { Observer, SessionFacts } from "../session/observer.ts";

/**
 * Tells a log of a session in the lines of OpenSSH's server, at its levels: a
 * request before it is done, and the status that is sent where it fails.
 */
export function opensshLines(log: Log): Observer {
  const tellsFailures = log.level >= LogLevel.INFO;
  return {
    interest: ({ level }) =>
      level <= log.level ? "everything" : tellsFailures ? "failures" : "nothing",
    opened(session) {
      if (tellsFailures) log.write(LogLevel.INFO, `session opened for ${told(session)}`);
    },
    before(operation) {
      for (const line of operation.describe()) {
        log.write(operation.level, operation.forced ? `forced ${line}` : line);
      }
    },
    after({ forced }, { failed, message }) {
      // Nobody is sent the status of a close that nobody has asked for.
      if (failed && !forced && tellsFailures) log.write(LogLevel.INFO, `sent status ${message}`);
    },
    closed(session) {
      if (tellsFailures) log.write(LogLevel.INFO, `session closed for ${told(session)}`);
    },
  };
}

/** The words for whom a session is for; what is not known is `UNKNOWN`. */
function told({ user = "UNKNOWN", client = "UNKNOWN" }: SessionFacts): string {
  return `local user ${user} from [${client}]`;
}
