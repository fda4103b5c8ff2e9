import * as libc from "./libc.ts";

/** Milliseconds for a server to end after its client has gone; then it is killed. */
const END_LIMIT = 5000;

/** What to start. */
export interface Program {
  /** The program by its absolute path, and its arguments. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** A file for what it says on standard error. */
  readonly stderr: string;
}

/** Every server that has not ended, so that none outlives the benchmark. */
const running = new Set<Server>();

/** A program that runs on one end of a socketpair. */
export class Server {
  readonly pid: number;
  /** Our end. */
  readonly descriptor: number;
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
    const [ours, theirs] = libc.socketPair();
    this.descriptor = ours;
    try {
      this.pid = libc.spawn({ ...program, env: environment, descriptor: theirs });
    } catch (error) {
      libc.closeDescriptor(ours);
      throw error;
    } finally {
      libc.closeDescriptor(theirs);
    }
    running.add(this);
  }

  /** Nanoseconds of CPU used so far. */
  cpuTime(): number {
    return libc.cpuTime(this.pid);
  }

  /** The most memory that was ever resident, in MiB. */
  peakMemory(): number {
    return this.#kibibytes("status", /^VmHWM:\s*(\d+) kB$/gm) / 1024;
  }

  /**
   * The memory that no other process shares, in MiB.
   *
   * @throws {Deno.errors.PermissionDenied} Unless root asks: the servers let nobody look into them.
   */
  privateMemory(): number {
    return this.#kibibytes("smaps_rollup", /^Private_\w+:\s*(\d+) kB$/gm) / 1024;
  }

  /** What it has said on standard error. */
  said(): string {
    return Deno.readTextFileSync(this.#program.stderr).trim();
  }

  /** Waits for an end that comes by itself. */
  wait(): void {
    libc.hasEnded(this.pid, { wait: true });
    this.#forget();
  }

  /** Hangs up, and waits for its end. */
  async stop(): Promise<void> {
    if (!running.has(this)) return;
    this.#forget();
    for (let waited = 0; !libc.hasEnded(this.pid, { wait: false }); waited++) {
      if (waited === END_LIMIT) Deno.kill(this.pid, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #forget(): void {
    running.delete(this);
    libc.closeDescriptor(this.descriptor);
  }

  #kibibytes(file: string, pattern: RegExp): number {
    const text = Deno.readTextFileSync(`/proc/${this.pid}/${file}`);
    return [...text.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);
  }
}

/** Stops whatever still runs. */
export async function stopServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()));
}

const environment = { ...Deno.env.toObject(), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
