/**
 * What the load generator asks of the system, by the calls of `lib/linux/`. It holds the permission
 * for FFI as long as it runs, and failures throw.
 *
 * @module
 */

import { Errno } from "../../lib/linux/errno.ts";
import { type SystemCalls, systemCalls } from "../../lib/linux/libc_calls.ts";
import { type Bytes, errnoCopy, NO_BYTES, SYMBOLS } from "../../lib/linux/libc_symbols.ts";
import { AT_FDCWD, SystemCall } from "../../lib/linux/linux.ts";

export type { Bytes };

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;

/** `SOCK_CLOEXEC` and `O_CLOEXEC` */
const CLOEXEC = 0x80000;

/** Numbers of calls that the program itself does not make. */
const { clockGettime, dup3, socketpair } = Deno.build.arch === "aarch64"
  ? { clockGettime: 113n, dup3: 24n, socketpair: 199n }
  : { clockGettime: 228n, dup3: 292n, socketpair: 53n };

/** Opened by the first call, because only Linux has it. */
let opened: SystemCalls | undefined;

function system(): SystemCalls {
  if (opened !== undefined) return opened;
  const { symbols } = Deno.dlopen("libc.so.6", SYMBOLS);
  return opened = systemCalls(symbols, errnoCopy(symbols));
}

function check(what: string, result: number): number {
  if (result === -Errno.EAGAIN) throw new Error("the server does not answer");
  if (result < 0) throw new Error(`${what} failed: errno ${-result}`);
  return result;
}

/** Returns the two ends of a new pair of connected sockets; no child process inherits them. */
export function socketPair(): readonly [number, number] {
  const pair = new Int32Array(2);
  const bytes = new Uint8Array(pair.buffer);
  check("socketpair", system().fourth(socketpair, AF_UNIX, SOCK_STREAM | CLOEXEC, 0, bytes));
  return [pair[0]!, pair[1]!];
}

/** Runs `spawn` with a descriptor as this process's standard input, for a child to inherit. */
export function withStdin<T>(descriptor: number, spawn: () => T): T {
  const name = new TextEncoder().encode("/dev/null\0");
  const nothing = check(
    "open",
    system().buffer(SystemCall.openat, AT_FDCWD, name, BigInt(CLOEXEC)),
  );
  check("dup3", system().numbers(dup3, descriptor, 0));
  try {
    return spawn();
  } finally {
    check("dup3", system().numbers(dup3, nothing, 0));
    closeDescriptor(nothing);
  }
}

/** Makes {@linkcode read} and {@linkcode write} give up after this time. */
export function setTimeLimit(fd: number, seconds: number): void {
  const timeval = new Uint8Array(new BigInt64Array([BigInt(seconds), 0n]).buffer);
  for (const way of [SO_RCVTIMEO, SO_SNDTIMEO]) {
    check("setsockopt", system().fourth(SystemCall.setsockopt, fd, SOL_SOCKET, way, timeval));
  }
}

export function closeDescriptor(descriptor: number): void {
  check("close", system().buffer(SystemCall.close, descriptor, NO_BYTES));
}

/**
 * Reads what has arrived, and waits if nothing has.
 *
 * @returns The number of bytes; 0 at the end.
 * @throws {Error} After the limit of {@linkcode setTimeLimit}.
 */
export function read(descriptor: number, into: Bytes): number {
  return transfer(SystemCall.read, descriptor, into);
}

/** Writes some bytes, and returns how many. It throws as {@linkcode read} does. */
export function write(descriptor: number, bytes: Bytes): number {
  return transfer(SystemCall.write, descriptor, bytes);
}

function transfer(call: bigint, descriptor: number, bytes: Bytes): number {
  for (const length = BigInt(bytes.length);;) {
    const count = system().buffer(call, descriptor, bytes, length);
    if (count >= 0) return count;
    if (count !== -Errno.EINTR) check("a transfer", count);
  }
}

const timespec = new BigInt64Array(2);
const timespecBytes = new Uint8Array(timespec.buffer);

/** Nanoseconds of CPU that a process has used in all its threads, those that ended included. */
export function cpuTime(pid: number): number {
  // What clock_getcpuclockid() makes of a process id.
  const clock = (~pid << 3) | 2;
  check("clock_gettime", system().buffer(clockGettime, clock, timespecBytes));
  return Number(timespec[0]! * 1_000_000_000n + timespec[1]!);
}
