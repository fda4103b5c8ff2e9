/**
 * The helper process of a session with hooks. A session that is confined can start nothing, so this
 * process, which was started before, runs the commands: only those of its own command line, and
 * only while the session's end of the pipe is open.
 *
 * @module
 */

import { messageOf } from "../message_of.ts";
import { Errno } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import type { SpawnCalls } from "../linux/libc_spawn.ts";
import { Poll } from "../linux/linux.ts";
import { NO_FD, PollFds } from "../linux/structs.ts";
import { type HookPlan, mayRefuse } from "./events.ts";
import { type HookRequest, type HookResult, lineOf, MessageReader } from "./messages.ts";
import {
  type CommandCalls,
  openNowhere,
  POLLED_PER_COMMAND,
  RunningCommand,
} from "./running_command.ts";

const STDIN = 0;
const STDOUT = 1;
const READ_BYTES = 64 * 1024;

/** Milliseconds between two looks at a command whose end the kernel does not report. */
const LOOK_MS = 20;

/** What the helper works with. */
export interface HelperOptions {
  readonly plan: Pick<HookPlan, "commands" | "timeout">;
  /** Variables for the commands. */
  readonly env: Readonly<Record<string, string>>;
  readonly libc: Pick<Libc, "read" | "write" | "close" | "openat" | "poll">;
  readonly spawn: SpawnCalls;
}

/** Runs commands as requests come on standard input, until it ends; then what waits is still run. */
export function helpSession(options: HelperOptions): void {
  options.spawn.changeDirectory("/");
  new Helper(options).run();
}

interface Running {
  readonly command: RunningCommand;
  readonly decides: boolean;
}

class Helper {
  readonly #options: HelperOptions;
  readonly #calls: CommandCalls;
  readonly #env: readonly string[];
  readonly #nowhere: number;
  readonly #reader = new MessageReader<HookRequest>();
  readonly #buffer = new Uint8Array(READ_BYTES);
  /** Those that tell run one after another, in the order in which it happened. */
  readonly #waiting: HookRequest[] = [];
  #running: readonly Running[] = [];
  #isOver = false;

  constructor(options: HelperOptions) {
    const { libc, spawn, env } = options;
    this.#options = options;
    this.#calls = { ...libc, ...spawn };
    this.#nowhere = openNowhere(libc);
    this.#env = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  }

  run(): void {
    while (!this.#isOver || this.#running.length > 0 || this.#waiting.length > 0) {
      if (this.#wait()) this.#listen();
      const running = this.#running;
      this.#running = running.filter(({ command }) => {
        const result = command.proceed();
        if (result !== undefined) this.#reply(result);
        return result === undefined;
      });
      this.#startNext();
    }
  }

  /** Waits until something can be done, and returns whether there is input. */
  #wait(): boolean {
    const fds = new PollFds(1 + this.#running.length * POLLED_PER_COMMAND);
    fds.ask(0, this.#isOver ? NO_FD : STDIN, Poll.IN);
    let until = Infinity;
    for (const [index, { command }] of this.#running.entries()) {
      command.ask(fds, 1 + index * POLLED_PER_COMMAND);
      const left = Math.max(0, command.deadline - performance.now());
      // A process that was killed may take a moment to end.
      until = Math.min(until, command.process < 0 || left === 0 ? LOOK_MS : left);
    }
    const timeout = until === Infinity ? -1 : Math.ceil(until);
    return this.#options.libc.poll(fds.bytes, timeout) > 0 && fds.found(0) !== 0;
  }

  #listen(): void {
    const count = this.#options.libc.read(STDIN, this.#buffer);
    if (count === -Errno.EINTR || count === -Errno.EAGAIN) return;
    if (count <= 0) {
      this.#isOver = true;
      // The session is gone, and nothing waits for the decision.
      for (const { command, decides } of this.#running) if (decides) command.kill();
      return;
    }
    for (const request of this.#reader.take(this.#buffer.subarray(0, count))) {
      if (this.#decides(request)) this.#start(request);
      else this.#waiting.push(request);
    }
  }

  #startNext(): void {
    while (this.#waiting.length > 0 && this.#running.every(({ decides }) => decides)) {
      this.#start(this.#waiting.shift()!);
    }
  }

  #start(request: HookRequest): void {
    const { plan } = this.#options;
    const { words } = plan.commands[request.command]!;
    try {
      const command = new RunningCommand(this.#calls, request, {
        words,
        env: this.#env,
        timeout: plan.timeout,
        nowhere: this.#nowhere,
      });
      this.#running = [...this.#running, { command, decides: this.#decides(request) }];
    } catch (error) {
      this.#reply({ id: request.id, failure: messageOf(error), stderr: "" });
    }
  }

  #decides({ command }: HookRequest): boolean {
    return mayRefuse(this.#options.plan.commands[command]!.event);
  }

  /** A session that is gone hears nothing. */
  #reply(result: HookResult): void {
    let line = lineOf(result);
    while (line.length > 0) {
      const count = this.#options.libc.write(STDOUT, line);
      if (count === -Errno.EINTR) continue;
      if (count < 0) return;
      line = line.subarray(count);
    }
  }
}
