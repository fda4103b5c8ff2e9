import { boundedField, type Log, LogLevel } from "../session/log.ts";
import type { Observer, Operation, Outcome } from "../session/observer.ts";
import type { UploadFacts } from "../session/rows/upload.ts";
import { StorageError } from "../storage/errors.ts";

/**
 * Writes a session to a log in the lines of OpenSSH's server, at its levels: each request before it
 * is performed, and the status that is sent if it fails.
 *
 * @param uploads Present if the session finds out what became of the files that it writes: a CLOSE is
 *   then logged when it is done, with that at the end of its line.
 */
export function opensshLines(log: Log, uploads?: UploadFacts): Observer {
  const tellsFailures = log.level >= LogLevel.INFO;
  const tell = (operation: Operation, more = "") => {
    for (const line of operation.describe()) {
      log.write(operation.level, `${operation.forced ? "forced " : ""}${line}${more}`);
    }
  };
  const isToldAfter = ({ name }: Operation) => uploads !== undefined && name === "close";
  return {
    interest: ({ level }) =>
      level <= log.level ? "everything" : tellsFailures ? "failures" : "nothing",
    opened(session) {
      if (!tellsFailures) return;
      // OpenSSH's lines stay as its readers know them; this one is not OpenSSH's.
      for (const [kind, place] of Object.entries(session.serves ?? {})) {
        log.write(LogLevel.INFO, boundedField(`serving ${kind} "${place}"`));
      }
      log.write(LogLevel.INFO, `session opened for ${whoseSession(session)}`);
    },
    before(operation) {
      if (!isToldAfter(operation)) tell(operation);
    },
    after(operation, outcome) {
      const { name, forced } = operation;
      const { failed, message, error } = outcome;
      if (isToldAfter(operation) && operation.level <= log.level) {
        tell(operation, resultOf(outcome));
      }
      // No client gets the status of a close that the server forced.
      if (!failed || forced || !tellsFailures) return;
      const refusal = log.level >= LogLevel.VERBOSE ? refusalIn(error, name) : undefined;
      if (refusal !== undefined) log.write(LogLevel.VERBOSE, boundedField(refusal));
      log.write(LogLevel.INFO, `sent status ${boundedField(message)}`);
    },
    closed(session) {
      if (tellsFailures) log.write(LogLevel.INFO, `session closed for ${whoseSession(session)}`);
    },
  };
}

/** What became of a file that was written, for the end of a line. */
function resultOf({ size, digest, unhashed }: Outcome): string {
  const told = size === undefined ? "" : ` size ${size}`;
  if (digest !== undefined) return `${told} ${digest.algorithm} ${digest.hex}`;
  return unhashed === undefined ? told : `${told} not hashed: ${unhashed}`;
}

/** Why a request was refused, if that is more than the client is told. */
function refusalIn(error: unknown, name: string): string | undefined {
  if (!(error instanceof StorageError) || error.code !== "denied") return undefined;
  const { message } = error;
  if (message === "" || message.toLowerCase() === "permission denied") return undefined;
  return message.startsWith("Refusing ") ? message : `Refusing ${name} request: ${message}`;
}

/** Describes whom a session serves; what is not known is `UNKNOWN`. */
export function whoseSession({ user = "UNKNOWN", client = "UNKNOWN" }: {
  readonly user?: string | undefined;
  readonly client?: string | undefined;
}): string {
  return `local user ${user} from [${client}]`;
}
