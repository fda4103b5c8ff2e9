import { Errno } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import type { ProcessEnd, SpawnCalls } from "../linux/libc_spawn.ts";
import { AT_FDCWD, Open, Poll } from "../linux/linux.ts";
import { NO_FD, type PollFds } from "../linux/structs.ts";
import { type HookRequest, type HookResult, MAX_STDERR_BYTES } from "./messages.ts";

/** The calls that a command is run by. */
export type CommandCalls =
  & SpawnCalls
  & Pick<Libc, "read" | "write" | "close" | "openat">;

/** What is waited for of each command: its end, its standard error, room in its standard input. */
export const POLLED_PER_COMMAND = 3;

const READ_BYTES = 16 * 1024;

/** A command that runs in a process group of its own. */
export class RunningCommand {
  readonly #calls: CommandCalls;
  readonly #request: HookRequest;
  readonly #pid: number;
  /** When it is killed, by the clock of `performance.now()`. */
  readonly deadline: number;
  /** A descriptor that tells its end; below 0 on a kernel without them. */
  readonly process: number;
  #stdin: number;
  #stderr: number;
  #unsent: Uint8Array;
  readonly #said = new Uint8Array(MAX_STDERR_BYTES);
  #saidBytes = 0;
  #isLate = false;

  /** @throws {Error} With a reason for the log, if it cannot be started. */
  constructor(calls: CommandCalls, request: HookRequest, options: {
    readonly words: readonly string[];
    readonly env: readonly string[];
    readonly timeout: number;
    /** An open /dev/null. */
    readonly nowhere: number;
  }) {
    this.#calls = calls;
    this.#request = request;
    const input = calls.pipe();
    const errors = calls.pipe();
    if (input === undefined || errors === undefined) {
      for (const fd of Object.values(input ?? errors ?? {})) calls.close(fd);
      throw new Error("it cannot be started: too many open files");
    }
    const { words, env, timeout, nowhere } = options;
    const streams = [input.output, nowhere, errors.input] as const;
    const pid = calls.spawn({ path: words[0]!, args: words, env, streams });
    calls.close(input.output);
    calls.close(errors.input);
    this.#stdin = input.input;
    this.#stderr = errors.output;
    this.#pid = pid;
    this.#unsent = new TextEncoder().encode(request.document);
    this.deadline = performance.now() + timeout;
    if (pid < 0) {
      this.#closeAll();
      throw new Error(startFailure(-pid));
    }
    this.process = calls.openProcess(pid);
    for (const fd of [this.#stdin, this.#stderr]) calls.setNonBlocking(fd);
  }

  /** Sets what is waited for, in the three places from `at` on. */
  ask(fds: PollFds, at: number): void {
    fds.ask(at, this.process, Poll.IN);
    fds.ask(at + 1, this.#stderr, Poll.IN);
    fds.ask(at + 2, this.#stdin, Poll.OUT);
  }

  /** Moves bytes, looks at the clock, and returns how it ended, once. */
  proceed(): HookResult | undefined {
    this.#send();
    this.#receive();
    if (performance.now() >= this.deadline && !this.#isLate) this.kill();
    const end = this.#calls.ended(this.#pid);
    if (end === undefined) return undefined;
    this.#receive();
    this.#closeAll();
    const stderr = new TextDecoder().decode(this.#said.subarray(0, this.#saidBytes));
    return { id: this.#request.id, ...this.#outcome(end), stderr };
  }

  /** Kills its process group, and what it has started that has left the group. */
  kill(): void {
    this.#isLate = true;
    const descendants = this.#descendants(this.#pid);
    this.#calls.kill(-this.#pid);
    for (const pid of descendants) this.#calls.kill(pid);
  }

  #descendants(pid: number): readonly number[] {
    const children = this.#textOf(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean);
    return children.map(Number).flatMap((child) => [child, ...this.#descendants(child)]);
  }

  /** The beginning of a file in /proc, empty if it cannot be read. */
  #textOf(path: string): string {
    const { openat, read, close } = this.#calls;
    const fd = openat(AT_FDCWD, new TextEncoder().encode(`${path}\0`), Open.RDONLY | Open.CLOEXEC);
    if (fd < 0) return "";
    const bytes = new Uint8Array(READ_BYTES);
    const count = read(fd, bytes);
    close(fd);
    return new TextDecoder().decode(bytes.subarray(0, Math.max(0, count)));
  }

  #outcome(end: ProcessEnd): Pick<HookResult, "status" | "failure"> {
    if (this.#isLate) return { failure: "it took too long, and was killed" };
    return "status" in end ? end : { failure: `it was ended by signal ${end.signal}` };
  }

  /** A command need not read what it is told. */
  #send(): void {
    while (this.#stdin !== NO_FD) {
      const count = this.#calls.write(this.#stdin, this.#unsent);
      if (count === -Errno.EINTR) continue;
      if (count === -Errno.EAGAIN) return;
      this.#unsent = this.#unsent.subarray(Math.max(0, count));
      if (count > 0 && this.#unsent.length > 0) continue;
      this.#calls.close(this.#stdin);
      this.#stdin = NO_FD;
    }
  }

  /** Keeps the beginning, and lets the rest pass: once a turn, however much there is. */
  #receive(): void {
    if (this.#stderr === NO_FD) return;
    const bytes = new Uint8Array(READ_BYTES);
    const count = this.#calls.read(this.#stderr, bytes);
    if (count === -Errno.EAGAIN || count === -Errno.EINTR) return;
    if (count <= 0) {
      this.#calls.close(this.#stderr);
      this.#stderr = NO_FD;
      return;
    }
    const kept = bytes.subarray(0, Math.min(count, MAX_STDERR_BYTES - this.#saidBytes));
    this.#said.set(kept, this.#saidBytes);
    this.#saidBytes += kept.length;
  }

  #closeAll(): void {
    for (const fd of [this.#stdin, this.#stderr, this.process ?? NO_FD]) {
      if (fd >= 0) this.#calls.close(fd);
    }
  }
}

/** Opens what takes a command's standard output. */
export function openNowhere({ openat }: Pick<Libc, "openat">): number {
  return openat(AT_FDCWD, new TextEncoder().encode("/dev/null\0"), Open.RDWR | Open.CLOEXEC);
}

function startFailure(errno: number): string {
  const name = Object.entries(Errno).find(([, number]) => number === errno)?.[0] ?? `${errno}`;
  const what = new Map<number, string>([
    [Errno.ENOENT, "it does not exist"],
    [Errno.EACCES, "it may not be run"],
  ]).get(errno);
  return `it cannot be started: ${what ?? name}`;
}
