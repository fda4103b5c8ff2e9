import { openFunctions } from "./libc.ts";
import { type SystemCalls, systemCalls } from "./libc_calls.ts";
import { type Bytes, errnoCopy, SYMBOLS } from "./libc_symbols.ts";
import { Open, SystemCall } from "./linux.ts";

const WNOHANG = 1n;
const SIGKILL = 9;
const F_SETFL = 4;

/** Flags of posix_spawnattr_setflags(3). */
const SpawnFlag = { SETSIGDEF: 0x04, SETSIGMASK: 0x08, SETSID: 0x80 } as const;

/** What a `posix_spawnattr_t` and a `posix_spawn_file_actions_t` take at most. */
const SPAWN_STRUCT_BYTES = 512;
const SIGSET_BYTES = 128;

/** SIGHUP, SIGINT, SIGPIPE, SIGTERM and SIGCHLD, as bits: Deno ignores or handles some of them. */
const DEFAULT_SIGNALS = [1, 2, 13, 15, 17].reduce((bits, signal) => bits | 1 << (signal - 1), 0);

/** The functions that start programs. */
const SPAWN_SYMBOLS = {
  posix_spawn: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_setsigmask: { parameters: ["buffer", "buffer"], result: "i32" },
  /** Copies nothing, and returns the address of its first argument. */
  addressOf: { name: "memcpy", parameters: ["buffer", "buffer", "usize"], result: "usize" },
} as const satisfies Deno.ForeignLibraryInterface;

type SpawnSymbols = Deno.DynamicLibrary<typeof SPAWN_SYMBOLS>["symbols"];

/** A program to start. */
export interface Program {
  /** Its absolute path. */
  readonly path: string;
  /** Its arguments, the name first. */
  readonly args: readonly string[];
  /** Its whole environment, as `NAME=value`. */
  readonly env: readonly string[];
  /** Descriptors that become its standard input, output and error. */
  readonly streams: readonly [number, number, number];
}

/** How a process ended. */
export type ProcessEnd = { readonly status: number } | { readonly signal: number };

/** Calls that start programs and end them. Like the others they return `-errno`, and never throw. */
export interface SpawnCalls {
  /** posix_spawn(3) in a session, and so a process group, of its own; returns its process's ID. */
  spawn(program: Program): number;
  /** chdir(2): where programs that are started from now on begin. */
  changeDirectory(path: string): number;
  /** wait4(2) without waiting: undefined as long as the process runs. */
  ended(pid: number): ProcessEnd | undefined;
  /** kill(2): SIGKILL to a process or, below 0, to a whole process group. */
  kill(pid: number): number;
  /** pidfd_open(2): a descriptor that poll(2) finds readable when the process has ended. */
  openProcess(pid: number): number;
  /** pipe2(2), both ends closed in programs that are started: the end to read, and to write. */
  pipe(): { readonly output: number; readonly input: number } | undefined;
  /** Has reads and writes fail with -EAGAIN instead of waiting (O_NONBLOCK). */
  setNonBlocking(fd: number): number;
}

/**
 * Opens the calls that start programs: only the helper process of hooks does, never a session.
 *
 * @throws As `openLibc`.
 */
export function openSpawn(): SpawnCalls {
  const symbols = openFunctions({ ...SYMBOLS, ...SPAWN_SYMBOLS });
  return spawnCalls(symbols, systemCalls(symbols, errnoCopy(symbols)));
}

function spawnCalls(
  symbols: SpawnSymbols,
  { buffer, first, numbers }: SystemCalls,
): SpawnCalls {
  const attributes = newAttributes();

  function newAttributes(): Bytes {
    const made = new Uint8Array(SPAWN_STRUCT_BYTES);
    const signals = new Uint8Array(SIGSET_BYTES);
    symbols.posix_spawnattr_init(made);
    symbols.posix_spawnattr_setsigmask(made, signals);
    new DataView(signals.buffer).setUint32(0, DEFAULT_SIGNALS, true);
    symbols.posix_spawnattr_setsigdefault(made, signals);
    const { SETSIGDEF, SETSIGMASK, SETSID } = SpawnFlag;
    symbols.posix_spawnattr_setflags(made, SETSIGDEF | SETSIGMASK | SETSID);
    return made;
  }

  /** An array of pointers to strings; its second value keeps the strings where they are. */
  function strings(texts: readonly string[]): readonly [Bytes, readonly Bytes[]] {
    const kept = texts.map(terminated);
    const pointers = new BigUint64Array(texts.length + 1);
    for (const [index, text] of kept.entries()) pointers[index] = symbols.addressOf(text, text, 0n);
    return [new Uint8Array(pointers.buffer), kept];
  }

  return {
    spawn({ path, args, env, streams }) {
      const actions = new Uint8Array(SPAWN_STRUCT_BYTES);
      symbols.posix_spawn_file_actions_init(actions);
      for (const [index, fd] of streams.entries()) {
        symbols.posix_spawn_file_actions_adddup2(actions, fd, index);
      }
      const pid = new Int32Array(1);
      const argv = strings(args);
      const envp = strings(env);
      const result = symbols.posix_spawn(
        new Uint8Array(pid.buffer),
        terminated(path),
        actions,
        attributes,
        argv[0],
        envp[0],
      );
      symbols.posix_spawn_file_actions_destroy(actions);
      return result === 0 && argv[1].length + envp[1].length > 0 ? pid[0]! : -result;
    },
    changeDirectory: (path) => first(SystemCall.chdir, terminated(path), 0),
    ended(pid) {
      const status = new Int32Array(1);
      const bytes = new Uint8Array(status.buffer);
      if (buffer(SystemCall.wait4, pid, bytes, WNOHANG) !== pid) return undefined;
      const signal = status[0]! & 0x7f;
      return signal === 0 ? { status: status[0]! >> 8 & 0xff } : { signal };
    },
    kill: (pid) => numbers(SystemCall.kill, pid, SIGKILL),
    openProcess: (pid) => numbers(SystemCall.pidfdOpen, pid),
    pipe() {
      const ends = new Int32Array(2);
      if (first(SystemCall.pipe2, new Uint8Array(ends.buffer), Open.CLOEXEC) < 0) return undefined;
      return { output: ends[0]!, input: ends[1]! };
    },
    setNonBlocking: (fd) => numbers(SystemCall.fcntl, fd, F_SETFL, Open.NONBLOCK),
  };
}

function terminated(text: string): Bytes {
  return new TextEncoder().encode(`${text}\0`);
}
