import { Connection } from "./connection.ts";
import type { Contestant } from "./contestants.ts";
import { Server } from "./server.ts";
import { handshake, type Load, type Outcome, type Stage } from "./stages.ts";

/** A contestant at work. */
export class Session {
  readonly contestant: Contestant;
  readonly server: Server;
  readonly connection: Connection;
  /** Milliseconds from its start to its VERSION. */
  readonly startTime: number;

  /** @throws {Error} If it does not speak SFTP; with what it said instead. */
  constructor(contestant: Contestant) {
    this.contestant = contestant;
    const start = performance.now();
    this.server = new Server(contestant);
    this.connection = new Connection(this.server.descriptor);
    this.#attempt("the start", () => handshake(this.connection));
    this.startTime = performance.now() - start;
  }

  /** Does the work of a stage, and tells its CPU time in seconds too. */
  run(stage: Stage, load: Load): Outcome & { readonly cpu: number } {
    const before = this.server.cpuTime();
    const outcome = this.#attempt(stage.name, () => stage.run(this.connection, load));
    return { ...outcome, cpu: (this.server.cpuTime() - before) / 1e9 };
  }

  /** Ends it. */
  async stop(): Promise<void> {
    await this.server.stop();
  }

  #attempt<T>(what: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      error.message = `${this.contestant.name}, ${what}: ${error.message}`;
      const said = this.server.said();
      if (said !== "") error.message += `\nIt said: ${said}`;
      throw error;
    }
  }
}

/** What a stage gives in its unit. */
export function rateOf(stage: Stage, { amount, elapsed }: Outcome): number {
  return amount / elapsed / stage.divisor;
}

/** A contestant's part of some work. */
export function shareOf(load: Load, share: number): Load {
  return {
    bytes: load.bytes * share,
    stats: Math.ceil(load.stats * share),
    pipelinedStats: Math.ceil(load.pipelinedStats * share),
    opens: Math.ceil(load.opens * share),
    directory: load.directory,
    entries: load.entries,
  };
}
