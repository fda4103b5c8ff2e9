import { parseArgs } from "@std/cli/parse-args";
import { CONTESTANTS } from "./contestants.ts";
import { STAGES } from "./stages.ts";

/** What `deno task bench` was asked for. */
export interface BenchOptions {
  readonly rounds: number;
  /** MiB of the file that is read and written. */
  readonly size: number;
  /** Ids of stages. */
  readonly stages: readonly string[];
  /** Ids of contestants; undefined for the usual ones. */
  readonly only: readonly string[] | undefined;
  /** Where to make the directory that is served. */
  readonly dir: string | undefined;
  /** This program, compiled already. */
  readonly program: string | undefined;
  /** How many idle sessions to measure; 0 for none. */
  readonly idle: number;
  readonly growth: boolean;
  readonly sshd: boolean;
  readonly json: boolean;
  readonly readme: boolean;
  readonly check: boolean;
  readonly help: boolean;
}

/** The start is measured beside the stages, and left out like one. */
export const START = "start";

const DEFAULT_ROUNDS = 7;
const DEFAULT_SIZE = 512;
const DEFAULT_IDLE = 100;

/** The help text. */
export const HELP = `usage: deno task bench [options]

Compares this program with OpenSSH's sftp-server and, where it is installed, rclone: in turn, on a
socketpair, with files in memory.

  --rounds N       how often each takes its turn (${DEFAULT_ROUNDS})
  --size MIB       the file that is read and written (${DEFAULT_SIZE})
  --stages LIST    of ${[START, ...STAGES.map(({ id }) => id)].join(",")}; "none"
  --only LIST      of ${Object.keys(CONTESTANTS).join(",")}
  --dir DIR        where to make the files; a file system in memory
  --program FILE   this program, compiled already
  --idle[=N]       measure the memory of N idle sessions (${DEFAULT_IDLE}) too
  --growth         measure 8 times the bytes and 10 times the entries and requests too
  --sshd           measure OpenSSH's sftp through a real sshd too
  --all            all of these three
  --json           print everything as JSON
  --readme         write chart and table into README.md
  --check          say which bars are met; exit 1 if one is missed
  --help           show this help
`;

/** @throws {TypeError} If the arguments make no sense. */
export function parseBenchArgs(args: readonly string[]): BenchOptions {
  const parsed = parseArgs(args, {
    string: ["rounds", "size", "stages", "only", "dir", "program", "idle"],
    boolean: ["growth", "sshd", "all", "json", "readme", "check", "help"],
    unknown: (arg) => {
      throw new TypeError(`unknown argument ${arg}`);
    },
  });
  const all = parsed.all;
  return {
    rounds: count("rounds", parsed.rounds, DEFAULT_ROUNDS),
    size: count("size", parsed.size, DEFAULT_SIZE),
    stages: parsed.stages === "none"
      ? []
      : list("stages", parsed.stages, [START, ...STAGES.map(({ id }) => id)]) ??
        [START, ...STAGES.map(({ id }) => id)],
    only: list("only", parsed.only, Object.keys(CONTESTANTS)),
    dir: parsed.dir,
    program: parsed.program,
    idle: count("idle", parsed.idle === "" ? undefined : parsed.idle, idleDefault()),
    growth: all || parsed.growth,
    sshd: all || parsed.sshd,
    json: parsed.json,
    readme: parsed.readme,
    check: parsed.check,
    help: parsed.help,
  };

  function idleDefault(): number {
    return all || parsed.idle === "" ? DEFAULT_IDLE : 0;
  }
}

function count(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!/^[1-9]\d*$/.test(value)) throw new TypeError(`--${name} takes a number, not "${value}"`);
  return Number(value);
}

function list(
  name: string,
  value: string | undefined,
  known: readonly string[],
): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const words = value.split(",");
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    throw new TypeError(`--${name} is of ${known.join(",")}, not "${unknown}"`);
  }
  return words;
}
