import { HeldLog } from "../audit/held_log.ts";
import { whoseSession } from "../audit/openssh_lines.ts";
import { type AccessPolicy, applyPolicies } from "../policy/access.ts";
import { type Log, LogLevel, silentLog } from "../session/log.ts";
import type { Observer, SessionTotals } from "../session/observer.ts";
import { Session } from "../session/session.ts";
import type { SessionOptions } from "../session/session_options.ts";
import { type Background, BackgroundWork } from "./background.ts";
import { Checkpoints } from "./checkpoints.ts";
import { serveBlocking } from "./blocking_loop.ts";
import { OverlappingLoop, type Streams } from "./overlapping_loop.ts";
import { type TimeoutOptions, Timeouts } from "../transport/timeouts.ts";
import { stdio, type Transport } from "../transport/stdio.ts";
import type { Storage } from "../storage/storage.ts";
import { ProtocolError } from "../wire/errors.ts";
import { Framer } from "../wire/framer.ts";
import { Reader } from "../wire/reader.ts";
import { withTimeout } from "../async/with_timeout.ts";

/** Bytes of requests that are taken at once. */
const INPUT_BYTES = 512 * 1024;

const IO_ERROR_EXIT_STATUS = 1;

/** sshd's own, where a client has fallen silent. */
const TIMEOUT_EXIT_STATUS = 255;

/** Milliseconds for which requests are still answered once the storage has failed. */
const END_GRACE_MS = 1000;

/** What is open is closed in this time, where the client has gone while the storage was at work. */
const CLOSING_MS = 10_000;

/** How to serve; all of it may be absent. */
export interface ServeOptions extends Omit<SessionOptions, "storage" | "policy">, TimeoutOptions {
  /**
   * Who may do what; everything where absent. What one of them refuses is
   * refused, and the last one is asked first.
   */
  readonly policies?: readonly AccessPolicy[] | undefined;
  /** Where the client is; standard input and output where absent. */
  readonly transport?: Transport | undefined;
  /**
   * Settles with the reason where the storage can serve no more, as when it
   * depends on a connection that is lost. What is outstanding and what still
   * comes is answered for a second, and then the session ends with status 1.
   * Where this is present the loop never blocks, so that the storage's own
   * timers and streams go on while no request comes.
   */
  readonly failed?: Promise<string> | undefined;
  /**
   * Called again and again while the session lasts, for what ends a
   * process that hangs. A session that waits for its client may be silent, but
   * uses no CPU then.
   */
  readonly heartbeat?: (() => void) | undefined;
  /**
   * Asked about once a second, with what the session has moved so far; returns why the session must
   * end now, as when its time is over, or undefined.
   */
  readonly mustEnd?:
    | ((moved: Pick<SessionTotals, "files" | "bytesRead" | "bytesWritten">) => string | undefined)
    | undefined;
  /**
   * Work that is done step by step while the client asks for nothing. Each step should be short. A
   * session that blocks and cannot poll does none.
   */
  readonly background?: Background | undefined;
}

/**
 * Serves one client from the first packet to the end of input, and closes
 * whatever is open then, the storage at last: each session wants one of its own.
 *
 * While the storage answers at once the loop blocks: reading and writing in
 * turn is faster than anything with a queue. With the first promise it goes
 * over to reading and writing at the same time.
 *
 * @returns The exit status, as OpenSSH's: 0 at the end of input, 1 after an
 * error of the stream or of the storage, 11 after a packet above 256 KiB, 255 after a malformed one,
 * and where the time of the session is over or it must end.
 */
export async function serve(storage: Storage, options: ServeOptions = {}): Promise<number> {
  const log = new HeldLog(options.log ?? silentLog, options.uploads);
  const who = whoseSession(options);
  const observers: readonly Observer[] = [log, ...options.observers ?? []];
  const limited = applyPolicies(storage, options.policies ?? []);
  const uploads = options.uploads ??
    (observers.some(({ wantsUploads }) => wantsUploads) ? {} : undefined);
  const session = new Session({ ...options, ...limited, log, observers, uploads });
  await session.opened();
  const { mustEnd } = options;
  const limits = [options.idleTimeout, options.maxSession, mustEnd];
  const timeouts = limits.every((limit) => limit === undefined)
    ? undefined
    : new Timeouts(options, {
      isBusy: () => session.busy,
      mustEnd: mustEnd && (() => mustEnd(session.handles.totalsSoFar)),
      onEnd: (what, reason) => say(log, LogLevel.INFO, `session ${what} for ${who}: ${reason}`),
    });
  const { transport = stdio, heartbeat, background } = options;
  const conversation = new Loop(session, { transport, log, timeouts, heartbeat, background });
  const exitStatus = await conversation.run({ who, failed: options.failed });
  await session.closed(exitStatus);
  return exitStatus;
}

/** Moves packets between a transport and a session. */
class Loop {
  readonly #session: Session;
  readonly #transport: Transport;
  readonly #log: HeldLog;
  readonly #timeouts: Timeouts | undefined;
  readonly #checkpoints: Checkpoints;
  readonly #streams: Streams;
  readonly #overlapping: OverlappingLoop;
  /** Whether the storage has failed; then what the client does no longer matters. */
  #failed = false;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, { transport, log, timeouts, heartbeat, background }: {
    readonly transport: Transport;
    readonly log: HeldLog;
    readonly timeouts: Timeouts | undefined;
    readonly heartbeat: (() => void) | undefined;
    readonly background: Background | undefined;
  }) {
    this.#session = session;
    this.#transport = timeouts?.watch(transport) ?? transport;
    this.#log = log;
    this.#timeouts = timeouts;
    this.#checkpoints = new Checkpoints({
      polling: transport.polling,
      isTimeOver: () => {
        // No line waits for the end of long work.
        log.flush();
        return timeouts?.lookWhileBusy() ?? false;
      },
      isBusy: () => session.busy,
      heartbeat,
    });
    session.checkpoint = () => this.#checkpoints.pass();
    this.#streams = {
      session,
      transport: this.#transport,
      checkpoints: this.#checkpoints,
      background: new BackgroundWork(background),
      framer: new Framer(INPUT_BYTES),
      packet: new Reader(),
    };
    this.#overlapping = new OverlappingLoop(this.#streams);
  }

  async run({ who, failed }: {
    readonly who: string;
    readonly failed: Promise<string> | undefined;
  }): Promise<number> {
    const log = this.#log;
    let isOver = false;
    failed?.then((reason) => {
      if (isOver) return;
      say(log, LogLevel.ERROR, reason);
      this.#fail();
    });
    try {
      const served = this.#serve(this.#mayBlock(failed));
      await this.#checkpoints.bounded(this.#timeouts?.bounded(served) ?? served);
      return this.#endStatus ?? 0;
    } catch (error) {
      if (this.#endStatus !== undefined) return this.#endStatus;
      if (error instanceof ProtocolError) {
        say(log, LogLevel.ERROR, `bad message from ${who}: ${error.message}`);
        return error.exitStatus;
      }
      if (isClosedPipe(error)) return 0;
      say(
        log,
        LogLevel.ERROR,
        `session broke off: ${error instanceof Error ? error.stack : error}`,
      );
      return IO_ERROR_EXIT_STATUS;
    } finally {
      isOver = true;
      clearTimeout(this.#graceTimer);
      this.#checkpoints.stop();
      const { isClientGone } = this.#checkpoints;
      const closed = this.#session.end(isClientGone || this.#timeouts?.isOver);
      const ended = isClientGone ? withTimeout(closed, CLOSING_MS, undefined) : closed;
      await (this.#timeouts?.ended(ended) ?? ended);
    }
  }

  /** The exit status where the storage or the clock has ended the session, and not the client. */
  get #endStatus(): number | undefined {
    if (this.#failed) return IO_ERROR_EXIT_STATUS;
    return this.#timeouts?.isOver ? TIMEOUT_EXIT_STATUS : undefined;
  }

  async #serve(mayBlock: boolean): Promise<void> {
    if (mayBlock && !await serveBlocking(this.#streams, this.#log)) return;
    await this.#overlapping.run();
  }

  /** A blocking read lets no timer fire; where it can poll, it keeps time by itself. */
  #mayBlock(failed: Promise<string> | undefined): boolean {
    if (failed !== undefined) return false;
    return this.#timeouts === undefined || this.#transport.polling !== undefined;
  }

  #fail(): void {
    this.#failed = true;
    this.#graceTimer = setTimeout(() => this.#overlapping.end(), END_GRACE_MS);
  }
}

function say(log: Log, level: number, line: string): void {
  if (level <= log.level) log.write(level, line);
}

/** The client has gone; OpenSSH's server takes that for the end. */
function isClosedPipe(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
}
