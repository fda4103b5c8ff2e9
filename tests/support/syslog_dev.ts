/**
 * A `/dev` with a syslog of the test's own, which only the program that is run sees.
 *
 * @module
 */

import { DatagramListener } from "./datagrams.ts";
import { findProgram, type Need } from "./programs.ts";

/** A mount namespace of its own: the mounts disappear when the program ends. */
const UNSHARE = Deno.uid() === 0
  ? ["unshare", "--mount"]
  : ["unshare", "--user", "--map-root-user", "--mount"];

/** In one line, which can also be the command of a key. */
const SCRIPT = [
  "for device in null zero full random urandom tty",
  'do : >> "$0/$device" && mount --bind "/dev/$device" "$0/$device" || exit 99',
  'done; mount --rbind "$0" /dev && exec "$@"',
].join("; ");

/** A `/dev`, and what was sent to its syslog. */
export class SyslogDev implements Disposable {
  readonly #directory: string;
  readonly #listener: DatagramListener | undefined;

  /** @param directory Must not exist. */
  constructor(directory: string, { listens = true } = {}) {
    this.#directory = directory;
    Deno.mkdirSync(directory);
    if (!listens) return;
    this.#listener = new DatagramListener(`${directory}/log`);
    Deno.chmodSync(`${directory}/log`, 0o666);
  }

  /** The words that run a program there. */
  around(words: readonly string[]): string[] {
    return [...UNSHARE, "sh", "-c", SCRIPT, this.#directory, ...words];
  }

  /** What was sent so far, without the time, the process and what is before them. */
  take(): string[] {
    return (this.#listener?.take() ?? []).map((message) =>
      message.replace(/^(<\d+>)\w{3} [ \d]\d \d\d:\d\d:\d\d ([^[]+)\[\d+\]/, "$1$2")
    );
  }

  [Symbol.dispose](): void {
    this.#listener?.[Symbol.dispose]();
  }
}

/** Whether this can be had here. */
export function needsSyslogDev(): Need {
  const reason = "nothing can be mounted here (unshare, mount)";
  const [program = "", ...args] = [...UNSHARE, "mount", "--bind", "/", "/mnt"];
  if (findProgram(program) === undefined) return { ignore: true, reason };
  const { success } = new Deno.Command(program, { args, stdout: "null", stderr: "null" })
    .outputSync();
  return { ignore: !success, reason };
}
