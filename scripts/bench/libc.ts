/**
 * What the load generator calls in libc. The program has its own calls in `lib/linux/`; these here
 * are few, and fast in the ways that only a load generator needs.
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
const SO_SNDTIMEO = 21;
const O_CLOEXEC = 0x80000;
const EINTR = 4;
const EAGAIN = 11;

const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Opened by the first call, because only Linux has it. */
let opened: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

/** This thread's `errno` itself. V8's own system calls may set it too, so it is read at once. */
let errno = new Int32Array(1);

let devNull = -1;

function libc(): NonNullable<typeof opened> {
  if (opened !== undefined) return opened;
  opened = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  const location = opened.__errno_location();
  if (location === null) throw new Error("libc keeps no errno");
  errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  devNull = opened.open(new TextEncoder().encode("/dev/null\0"), O_CLOEXEC);
  return opened;
}

/** Returns the two ends of a new pair of connected sockets; no child process inherits them. */
export function socketPair(): readonly [number, number] {
  const pair = new Int32Array(2);
  check("socketpair", libc().socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  return [pair[0]!, pair[1]!];
}

/** Runs `spawn` with a descriptor as this process's standard input, for a child to inherit. */
export function withStdin<T>(descriptor: number, spawn: () => T): T {
  check("dup2", libc().dup2(descriptor, 0));
  try {
    return spawn();
  } finally {
    check("dup2", libc().dup2(devNull, 0));
  }
}

/** Makes {@linkcode read} and {@linkcode write} give up after this time. */
export function setTimeLimit(descriptor: number, seconds: number): void {
  const timeval = new BigInt64Array([BigInt(seconds), 0n]);
  for (const way of [SO_RCVTIMEO, SO_SNDTIMEO]) {
    check("setsockopt", libc().setsockopt(descriptor, SOL_SOCKET, way, timeval, 16));
  }
}

/** Closes a descriptor. */
export function closeDescriptor(descriptor: number): void {
  check("close", libc().close(descriptor));
}

/**
 * Reads what has arrived, and waits if nothing has.
 *
 * @returns The number of bytes; 0 at the end.
 * @throws {Error} After the limit of {@linkcode setTimeLimit}.
 */
export function read(descriptor: number, into: Bytes): number {
  const length = BigInt(into.length);
  for (;;) {
    const count = libc().read(descriptor, into, length);
    if (count >= 0) return count;
    failUnlessInterrupted("read");
  }
}

/** Writes some bytes, and returns how many. It throws as {@linkcode read} does. */
export function write(descriptor: number, bytes: Bytes): number {
  const length = BigInt(bytes.length);
  for (;;) {
    const count = libc().write(descriptor, bytes, length);
    if (count >= 0) return count;
    failUnlessInterrupted("write");
  }
}

const timespec = new BigInt64Array(2);

/** Nanoseconds of CPU that a process has used in all its threads, those that ended included. */
export function cpuTime(pid: number): number {
  // What clock_getcpuclockid() makes of a process id.
  check("clock_gettime", libc().clock_gettime((~pid << 3) | 2, timespec));
  return Number(timespec[0]! * 1_000_000_000n + timespec[1]!);
}

function check(what: string, result: number): void {
  if (result < 0) throw new Error(`${what} failed: errno ${errno[0]}`);
}

function failUnlessInterrupted(what: string): void {
  const error = errno[0];
  if (error === EAGAIN) throw new Error("the server does not answer");
  if (error !== EINTR) throw new Error(`${what} failed: errno ${error}`);
}
