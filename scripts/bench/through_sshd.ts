/**
 * The way that users go: OpenSSH's `sftp` through a real sshd on the loopback.
 *
 * @module
 */

import { commandLine, runOk } from "../../tests/support/run.ts";
import { type Sshd, withSshd } from "../../tests/support/sshd.ts";
import { type Contestant, REFERENCE } from "./contestants.ts";
import { addSample, type Samples } from "./samples.ts";
import { writePattern } from "./workspace.ts";

/** What is to be measured. */
export interface ThroughSshdOptions {
  readonly contestants: readonly Contestant[];
  /** The directory that is served. */
  readonly directory: string;
  /** The size of the file. */
  readonly bytes: number;
  readonly rounds: number;
  readonly pause: () => Promise<void>;
  readonly progress: (text: string) => void;
}

/** Adds the MB/s of one get and one put in each round, counted from connecting to hanging up. */
export async function measureThroughSshd(
  samples: Samples,
  options: ThroughSshdOptions,
): Promise<void> {
  const { contestants, directory, bytes, rounds } = options;
  const local = `${directory}/local`;
  await Deno.mkdir(local);
  writePattern(`${directory}/sent`, bytes);
  const config = contestants.map(({ id, argv }) => `Subsystem ${id} ${commandLine(argv)}`);
  await withSshd({ subsystem: null, config }, async (sshd) => {
    for (let round = 0; round < rounds; round++) {
      options.progress(`through sshd, round ${round + 1} of ${rounds}`);
      for (const { id } of contestants) {
        // OpenSSH's server has no root of its own.
        const root = id === REFERENCE ? directory : "";
        await options.pause();
        const got = await timed(sshd, id, `get ${root}/sent ${local}/got`);
        await expectLength(`${local}/got`, bytes);
        addSample(samples, { metric: "sshd-get", id }, bytes / got / 1e6);
        await options.pause();
        const put = await timed(sshd, id, `put ${local}/got ${root}/out`);
        await expectLength(`${directory}/out`, bytes);
        addSample(samples, { metric: "sshd-put", id }, bytes / put / 1e6);
        await Deno.remove(`${local}/got`);
        await Deno.remove(`${directory}/out`);
      }
    }
  });
  await Deno.remove(`${directory}/sent`);
}

/** Seconds that one command of `sftp` takes, from connecting to hanging up. */
async function timed(sshd: Sshd, subsystem: string, command: string): Promise<number> {
  const args = ["-q", "-F", sshd.sshConfig, "-s", subsystem, "-b", "-", sshd.alias];
  const start = performance.now();
  await runOk("sftp", args, { input: `${command}\n` });
  return (performance.now() - start) / 1000;
}

async function expectLength(path: string, bytes: number): Promise<void> {
  const { size } = await Deno.stat(path);
  if (size !== bytes) throw new Error(`${path} has ${size} bytes, not ${bytes}`);
}
