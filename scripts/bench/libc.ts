/**
 * What the load generator calls in libc: starting a server on a socketpair, and moving bytes.
 *
 * The program itself has its own small set of calls in `lib/`; these here need pointers, and with
 * them every permission, which the program never asks for.
 *
 * @module
 */

/** Bytes as FFI takes them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const POLLIN = 0x1;
const POLLOUT = 0x4;
const WNOHANG = 1;
const EINTR = 4;
const EAGAIN = 11;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const O_WRONLY_CREAT_APPEND = 0o2101;

/** Room for glibc's `posix_spawn_file_actions_t`, `posix_spawnattr_t` and `sigset_t`. */
const OPAQUE_LENGTH = 512;

const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  sigfillset: { parameters: ["buffer"], result: "i32" },
  sigemptyset: { parameters: ["buffer"], result: "i32" },
  posix_spawn: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_addopen: {
    parameters: ["buffer", "i32", "buffer", "i32", "u32"],
    result: "i32",
  },
  posix_spawn_file_actions_addchdir_np: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_setsigmask: { parameters: ["buffer", "buffer"], result: "i32" },
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Opened with the first call, because only Linux has it. */
let opened: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

/** This thread's `errno` itself: what the JavaScript runtime calls meanwhile may set it, so it is read at once. */
let errnoView: Int32Array | undefined;

function libc(): NonNullable<typeof opened> {
  if (opened !== undefined) return opened;
  opened = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  const location = opened.__errno_location();
  if (location === null) throw new Error("libc keeps no errno");
  errnoView = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  return opened;
}

/** The error of the call that has just failed. */
function errno(): number {
  return errnoView![0]!;
}

/** What to start, and with what as its standard input, output and error. */
export interface SpawnOptions {
  /** The program by its absolute path, and its arguments. */
  readonly argv: readonly string[];
  /** Its working directory. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Becomes its standard input and output. */
  readonly descriptor: number;
  /** A file that what it says on standard error is appended to. */
  readonly stderr: string;
}

/** Returns the two ends of a new pair of connected sockets; no program that is started gets them. */
export function socketPair(): readonly [number, number] {
  const pair = new Int32Array(2);
  check("socketpair", libc().socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  return [pair[0]!, pair[1]!];
}

/** Makes {@linkcode receive} give up after so many seconds. */
export function setReceiveTimeout(descriptor: number, seconds: number): void {
  const timeval = new BigInt64Array([BigInt(seconds), 0n]);
  check("setsockopt", libc().setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, timeval, 16));
}

/** Closes a descriptor. */
export function closeDescriptor(descriptor: number): void {
  check("close", libc().close(descriptor));
}

/** Starts a program, with every signal as it is by default, and returns its process id. */
export function spawn({ argv, cwd, env, descriptor, stderr }: SpawnOptions): number {
  const pid = new Int32Array(1);
  const actions = new Uint8Array(OPAQUE_LENGTH);
  const attributes = new Uint8Array(OPAQUE_LENGTH);
  const signals = new Uint8Array(OPAQUE_LENGTH);
  const program = cString(argv[0] ?? "");
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  // Both are held until the call has returned, as it follows pointers into them.
  const words = new PointerList(argv);
  const environment = new PointerList(variables);
  libc().posix_spawn_file_actions_init(actions);
  libc().posix_spawnattr_init(attributes);
  try {
    refuse("chdir", libc().posix_spawn_file_actions_addchdir_np(actions, cString(cwd)));
    for (const standard of [0, 1]) {
      refuse("dup2", libc().posix_spawn_file_actions_adddup2(actions, descriptor, standard));
    }
    const log = cString(stderr);
    const flags = O_WRONLY_CREAT_APPEND;
    refuse("open", libc().posix_spawn_file_actions_addopen(actions, 2, log, flags, 0o600));
    // Deno ignores SIGPIPE; a server that sshd starts does not.
    libc().sigfillset(signals);
    libc().posix_spawnattr_setsigdefault(attributes, signals);
    libc().sigemptyset(signals);
    libc().posix_spawnattr_setsigmask(attributes, signals);
    libc().posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    const failure = libc().posix_spawn(
      pid,
      program,
      actions,
      attributes,
      words.pointers,
      environment.pointers,
    );
    refuse(`posix_spawn ${argv[0]}`, failure);
  } finally {
    libc().posix_spawn_file_actions_destroy(actions);
    libc().posix_spawnattr_destroy(attributes);
  }
  return pid[0]!;
}

/**
 * Receives what has come, and waits where nothing has.
 *
 * @returns The number of bytes; 0 at the end.
 * @throws {Error} After the timeout of {@linkcode setReceiveTimeout}.
 */
export function receive(descriptor: number, into: Bytes, length: bigint): number {
  for (;;) {
    const count = libc().recv(descriptor, into, length, 0);
    if (count >= 0) return count;
    const error = errno();
    if (error === EAGAIN) throw new Error("the server does not answer");
    if (error !== EINTR) throw new Error(`recv failed: errno ${error}`);
  }
}

/** Sends what fits without waiting, and returns how many bytes that were. */
export function trySend(descriptor: number, bytes: Bytes, length: bigint): number {
  for (;;) {
    const count = libc().send(descriptor, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) return count;
    const error = errno();
    if (error === EAGAIN) return 0;
    if (error !== EINTR) throw new Error(`send failed: errno ${error}`);
  }
}

const pollfd = new Int32Array(2);

/**
 * Waits until there is something to receive or room to send.
 *
 * @returns Whether there is something to receive.
 * @throws {Error} If nothing has happened after so many milliseconds.
 */
export function waitForEither(descriptor: number, milliseconds: number): boolean {
  pollfd[0] = descriptor;
  // Two 16-bit fields: what is asked for, and what is the case. Both systems are little-endian.
  pollfd[1] = POLLIN | POLLOUT;
  const count = libc().poll(pollfd, 1n, milliseconds);
  if (count === 0) throw new Error("the server does not answer");
  if (count < 0) failUnlessInterrupted("poll");
  return count > 0 && ((pollfd[1]! >>> 16) & ~POLLOUT) !== 0;
}

const waitStatus = new Int32Array(1);

/** Says whether a child has ended; waits for its end where that is asked for. */
export function hasEnded(pid: number, { wait }: { readonly wait: boolean }): boolean {
  for (;;) {
    const result = libc().waitpid(pid, waitStatus, wait ? 0 : WNOHANG);
    if (result >= 0) return result === pid;
    failUnlessInterrupted("waitpid");
  }
}

const timespec = new BigInt64Array(2);

/** Nanoseconds of CPU that a process has used with all its threads, also those that have ended. */
export function cpuTime(pid: number): number {
  // What clock_getcpuclockid() makes of a process id.
  check("clock_gettime", libc().clock_gettime((~pid << 3) | 2, timespec));
  return Number(timespec[0]! * 1_000_000_000n + timespec[1]!);
}

/** Strings as C's `char **`. */
class PointerList {
  readonly pointers: BigUint64Array<ArrayBuffer>;
  readonly strings: readonly Bytes[];

  constructor(strings: readonly string[]) {
    this.strings = strings.map(cString);
    const addresses = this.strings.map((bytes) =>
      Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes))
    );
    this.pointers = new BigUint64Array([...addresses, 0n]);
  }
}

function cString(text: string): Bytes {
  return new TextEncoder().encode(`${text}\0`);
}

function check(what: string, result: number): void {
  if (result < 0) throw new Error(`${what} failed: errno ${errno()}`);
}

function failUnlessInterrupted(what: string): void {
  const error = errno();
  if (error !== EINTR) throw new Error(`${what} failed: errno ${error}`);
}

/** For the functions that return an error's number instead of setting `errno`. */
function refuse(what: string, failure: number): void {
  if (failure !== 0) throw new Error(`${what} failed: errno ${failure}`);
}
