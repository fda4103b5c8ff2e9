import { PacketType, SFTP_VERSION } from "../../lib/wire/constants.ts";
import { eprintLine } from "../support/print.ts";
import { Connection } from "./connection.ts";
import * as libc from "./libc.ts";
import { initPacket } from "./packets.ts";

/** How long a server may take to end after its client has hung up; then it is killed. */
const END_LIMIT_MS = 5000;

/** A server to start, by its absolute path. */
export interface Program {
  readonly name: string;
  readonly argv: readonly string[];
  readonly cwd: string;
}

/** Every session that has not ended, so that no server outlives the benchmark. */
const running = new Set<Session>();

/** A server on one end of a socketpair, and a client on the other. */
export class Session {
  readonly connection: Connection;
  /** Milliseconds from the server's start to its VERSION. */
  startTime = 0;
  readonly #name: string;
  readonly #descriptor: number;
  readonly #server: Deno.ChildProcess;
  readonly #said: Promise<string>;

  private constructor(program: Program) {
    const { descriptor, server } = spawn(program);
    this.connection = new Connection(descriptor);
    this.#name = program.name;
    this.#descriptor = descriptor;
    this.#server = server;
    this.#said = new Response(server.stderr).text();
    running.add(this);
  }

  /** @throws {Error} If the program does not speak SFTP; with what it wrote to standard error. */
  static async start(program: Program): Promise<Session> {
    await pause();
    const start = performance.now();
    const session = new Session(program);
    await session.run("the start", (connection) => {
      const reply = connection.call(initPacket());
      if (reply.type !== PacketType.VERSION || reply.u32(1) !== SFTP_VERSION) {
        throw new Error("it does not speak SFTP version 3");
      }
      session.startTime = performance.now() - start;
    });
    return session;
  }

  /** Does some work. An error says where, and what the server wrote to standard error. */
  async run<T>(what: string, work: (connection: Connection) => T): Promise<T> {
    try {
      return work(this.connection);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      await this.stop();
      error.message = `${this.#name}, ${what}: ${error.message}\n${await this.#said}`.trim();
      throw error;
    }
  }

  /** Nanoseconds of CPU used so far. */
  cpuTime(): number {
    return libc.cpuTime(this.#server.pid);
  }

  /**
   * MiB: the most memory that was ever resident, or the memory that no other process shares.
   *
   * @throws {Deno.errors.PermissionDenied} Unless root asks for `private`.
   */
  memory(kind: "peak" | "private"): number {
    const [file, pattern] = kind === "peak"
      ? ["status", /^VmHWM:\s*(\d+) kB$/gm] as const
      : ["smaps_rollup", /^Private_\w+:\s*(\d+) kB$/gm] as const;
    const text = Deno.readTextFileSync(`/proc/${this.#server.pid}/${file}`);
    return [...text.matchAll(pattern)].reduce((sum, [, number]) => sum + Number(number), 0) / 1024;
  }

  /** Hangs up, and waits for the server's end. */
  async stop(): Promise<void> {
    if (!running.delete(this)) return;
    libc.closeDescriptor(this.#descriptor);
    const timer = setTimeout(() => this.#server.kill("SIGKILL"), END_LIMIT_MS);
    await Promise.all([this.#server.status, this.#said]);
    clearTimeout(timer);
  }
}

/** Stops whatever still runs, or these. */
export async function stopSessions(sessions: Iterable<Session> = running): Promise<void> {
  await Promise.all(Array.from(sessions, (session) => session.stop()));
}

/** Runs a program that ends by itself, and returns the milliseconds that it takes. */
export async function timeToEnd(program: Program): Promise<number> {
  const start = performance.now();
  const { descriptor, server } = spawn(program);
  while (libc.read(descriptor, new Uint8Array(64)) > 0);
  const elapsed = performance.now() - start;
  libc.closeDescriptor(descriptor);
  await Promise.all([server.status, server.stderr.cancel()]);
  return elapsed;
}

/**
 * Starts a program through a shell, as sshd does, with one socket as standard input and output. The
 * shell adds about 0.6 ms to each start.
 */
function spawn({ argv, cwd }: Program): { descriptor: number; server: Deno.ChildProcess } {
  const [descriptor, theirs] = libc.socketPair();
  const command = new Deno.Command("/bin/sh", {
    args: ["-c", 'exec "$@" >&0', "sh", ...argv],
    cwd,
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdin: "inherit",
    stdout: "null",
    stderr: "piped",
  });
  const server = libc.withStdin(theirs, () => command.spawn());
  libc.closeDescriptor(theirs);
  return { descriptor, server };
}

/** The order of the contestants in each round: each has its turn at being the first. */
export async function* turns<T>(
  rounds: number,
  contestants: readonly T[],
  what = "round",
): AsyncGenerator<readonly T[]> {
  for (let round = 0; round < rounds; round++) {
    await pause();
    eprintLine(`${what} ${round + 1} of ${rounds}`);
    const first = round % Math.max(1, contestants.length);
    yield [...contestants.slice(first), ...contestants.slice(0, first)];
  }
}

let hasSignal = false;

/** From now on a signal ends the run at its next {@linkcode pause}, so that it cleans up. */
export function watchSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => hasSignal = true);
  }
}

/**
 * Lets signal listeners run, which a running stage blocks.
 *
 * @throws {Error} If a signal has come.
 */
export async function pause(): Promise<void> {
  if (await wasInterrupted(1)) throw new Error("the run was interrupted");
}

/** Whether a signal has come, or comes in this time. */
export async function wasInterrupted(milliseconds: number): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return hasSignal;
}
