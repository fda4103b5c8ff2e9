import { escapeControls } from "../audit/log_text.ts";
import { cutName } from "../names.ts";
import { type Log, LogLevel } from "../session/log.ts";
import { StorageError } from "../storage/errors.ts";
import type { VirtualPath } from "../storage/storage.ts";
import { documentOf, type HookFacts, type WhoseSession } from "./document.ts";
import type { HookEvent } from "./events.ts";
import type { HookOutcome, HookRunner } from "./hook_runner.ts";

/** A client gets this much of a command's reason. */
const MAX_REASON_BYTES = 200;

/** What a client is told, where the command says nothing. */
const NO_REASON = "refused by the server";

/** What a client is told, where no command could decide; the log has the reason. */
const UNDECIDED = "could not be checked";

/** The commands of one session: tells them of events, asks them, and logs what they say. */
export class SessionHooks {
  readonly #runner: HookRunner;
  readonly #whose: WhoseSession;
  readonly #log: Log;

  constructor(runner: HookRunner, whose: WhoseSession, log: Log) {
    this.#runner = runner;
    this.#whose = whose;
    this.#log = log;
  }

  /** Whether there is a command for this event. */
  has(event: HookEvent): boolean {
    return this.#runner.has(event);
  }

  /**
   * Asks the commands for an event.
   *
   * @throws {StorageError} If one of them refuses, with the first line of its standard error; or if
   *   one could not decide, unless that is to pass.
   */
  async decide(event: HookEvent, facts: HookFacts): Promise<void> {
    const what = described(event, facts);
    const outcome = await this.#runner.decide(event, documentOf(event, this.#whose, facts));
    if (outcome.status === 0) {
      this.#say(LogLevel.VERBOSE, `hook for ${what}: accepted`);
    } else if (outcome.status !== undefined) {
      const reason = reasonIn(outcome) ?? NO_REASON;
      this.#say(
        LogLevel.INFO,
        `hook for ${what}: refused with status ${outcome.status}: ${reason}`,
      );
      throw new StorageError("failure", escapeControls(reason));
    } else {
      const isOpen = this.#runner.isOpenOnFailure;
      const consequence = isOpen ? "accepted all the same" : "refused";
      this.#say(LogLevel.ERROR, `hook for ${what} failed: ${failureIn(outcome)}; ${consequence}`);
      if (!isOpen) throw new StorageError("failure", UNDECIDED);
    }
  }

  /** Tells the commands of an event; what they answer is logged. */
  async tell(event: HookEvent, facts: HookFacts): Promise<void> {
    const document = documentOf(event, this.#whose, facts);
    await this.#runner.tell(event, document, (outcome) => {
      if (outcome.status === 0) return;
      const what = described(event, facts);
      this.#say(LogLevel.ERROR, `hook for ${what} failed: ${failureIn(outcome)}`);
    });
  }

  /** Logs where the quarantine has what was refused. */
  kept(path: VirtualPath, name: string): void {
    this.#say(LogLevel.INFO, `upload "${path}" is in the quarantine as "${name}"`);
  }

  /** Logs why the quarantine does not have what was refused. */
  notKept(path: VirtualPath, reason: string): void {
    this.#say(LogLevel.ERROR, `upload "${path}" is not in the quarantine: ${reason}`);
  }

  /** Waits for the commands that run, and lets the helper end. */
  async close(): Promise<void> {
    await this.#runner.close();
  }

  #say(level: number, line: string): void {
    if (level <= this.#log.level) this.#log.write(level, line);
  }
}

function described(event: HookEvent, { path, to }: HookFacts): string {
  const paths = [path, to].filter((path) => path !== undefined).map((path) => ` "${path}"`);
  return `${event}${paths.join(" to")}`;
}

function failureIn({ status, failure, stderr }: HookOutcome): string {
  const said = reasonIn({ stderr });
  return `${failure ?? `status ${status}`}${said === undefined ? "" : `: ${said}`}`;
}

/** The first line, which may contain anything. */
function reasonIn({ stderr }: Pick<HookOutcome, "stderr">): string | undefined {
  const [line = ""] = stderr.trimStart().split("\n");
  return cutName(line.trimEnd(), MAX_REASON_BYTES) || undefined;
}
