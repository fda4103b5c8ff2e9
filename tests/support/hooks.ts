/**
 * Commands for hooks, and the helper process that runs them.
 *
 * @module
 */

import { HookRunner } from "../../lib/hooks/hook_runner.ts";
import type { HookEvent, HookPlan } from "../../lib/hooks/events.ts";
import { withTempDir } from "./files.ts";
import { sftpwrap } from "./wire_session.ts";

/** Scripts in a directory, by name. */
export interface Scripts {
  readonly directory: string;
  /** Writes an executable shell script, and returns its path. */
  script(name: string, text: string): Promise<string>;
  /** The text of a file there; empty if it does not exist. */
  told(name?: string): Promise<string>;
}

/** Runs `use` with a directory for scripts. */
export async function withScripts<T>(use: (scripts: Scripts) => Promise<T>): Promise<T> {
  return await withTempDir((directory) =>
    use({
      directory,
      async script(name, text) {
        const path = `${directory}/${name}`;
        // As a whole, so that a script can be replaced while it runs.
        await Deno.writeTextFile(`${path}.new`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
        await Deno.rename(`${path}.new`, path);
        return path;
      },
      async told(name = "told") {
        try {
          return await Deno.readTextFile(`${directory}/${name}`);
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
          return "";
        }
      },
    })
  );
}

/** A helper process, and the session's side of it. */
export interface RunningHelper extends AsyncDisposable {
  readonly runner: HookRunner;
  readonly process: Deno.ChildProcess;
  /** Closes the helper's input, as the end of its session does. */
  hangUp(): void;
}

/** Starts the helper as a session does. */
export function startHelper(
  commands: readonly (readonly [event: HookEvent, ...words: string[]])[],
  options: Partial<Omit<HookPlan, "commands">> = {},
): RunningHelper {
  const plan: HookPlan = {
    commands: commands.map(([event, ...words]) => ({ event, words })),
    timeout: options.timeout ?? 30_000,
    onFailure: options.onFailure ?? "refuse",
  };
  const on = commands.map(([event, ...words]) => `--on=${event}=${words.join(" ")}`);
  const seconds = `--on-timeout=${Math.ceil(plan.timeout / 1000)}`;
  const [program, ...args] = sftpwrap(["jail", ...on, seconds, "/srv", "--hook-helper"]);
  const process = new Deno.Command(program!, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = new TransformStream<Uint8Array<ArrayBuffer>>();
  const hangingUp = new AbortController();
  const { signal } = hangingUp;
  const feeding = input.readable.pipeTo(process.stdin, { signal }).catch((error) => {
    // The helper has ended, or the test has hung up.
    if (!(error instanceof Deno.errors.BrokenPipe || signal.aborted)) throw error;
  });
  const runner = new HookRunner(plan, { readable: process.stdout, writable: input.writable });
  return {
    runner,
    process,
    hangUp: () => hangingUp.abort(),
    async [Symbol.asyncDispose]() {
      await runner.close();
      await Promise.all([process.status, feeding]);
    },
  };
}

/** Whether a process is there, and no zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(await Deno.readTextFile(`/proc/${pid}/stat`));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}

/** What every scanner finds, in pieces, so that none finds this file. */
export const EICAR = [
  "X5O!P%@AP[4\\PZX54(P^)7CC)7}",
  "$EICAR-STANDARD-",
  "ANTIVIRUS-TEST-FILE!$H+H*",
]
  .join("");

/** Makes a command that refuses what contains {@linkcode EICAR}, as a scanner does. */
export async function makeScanner(directory: string): Promise<string> {
  const path = `${directory}/scan`;
  const script = `#!/usr/bin/python3
import json, os, sys
upload = json.load(sys.stdin)
with open(os.fsencode(upload["hostPath"]), "rb") as content:
    if b"EICAR-STANDARD-" b"ANTIVIRUS" in content.read():
        sys.exit("Eicar-Test-Signature FOUND")
`;
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  return path;
}

/** The content of the only file in a directory. */
export async function onlyFileIn(directory: string): Promise<{ name: string; text: string }> {
  const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  const [name = "", second] = names;
  if (name === "" || second !== undefined) throw new Error(`Not one file: ${names}`);
  return { name, text: await Deno.readTextFile(`${directory}/${name}`) };
}
