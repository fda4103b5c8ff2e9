import { Errno } from "./errno.ts";
import type { SystemCalls } from "./libc_calls.ts";
import { type Bytes, NO_BYTES, type Symbols } from "./libc_symbols.ts";
import { AT_FDCWD, Open, SystemCall } from "./linux.ts";
import { OpenHow, POLLFD_BYTES } from "./structs.ts";

const F_SETFD = 2;
const FD_CLOEXEC = 1;
const CLOSE_RANGE_CLOEXEC = 4;
const MAX_DESCRIPTOR = 0xffff_ffff;
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;
const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const RLIMIT_NOFILE = 7;
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const MSG_DONTWAIT = 0x40n;
const MSG_NOSIGNAL = 0x4000n;
const SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;
const CLOCK_MONOTONIC = 1;
const ITIMER_REAL = 0;
const ITIMER_PROF = 2;
const LANDLOCK_CREATE_RULESET_VERSION = 1;
const LANDLOCK_RULE_PATH_BENEATH = 1;

/**
 * Calls on this process and on plain streams. Like the file calls they never
 * throw and return `-errno`; but a call that a signal interrupts is not
 * restarted: it returns `-EINTR` (-4).
 */
export interface ProcessCalls {
  /** read(2): bytes read, 0 at the end. */
  read(fd: number, into: Uint8Array): number;
  /** write(2): bytes written, possibly fewer than given. */
  write(fd: number, data: Uint8Array): number;
  /**
   * send(2) with MSG_DONTWAIT and MSG_NOSIGNAL: bytes sent; -EAGAIN (-11) if there is no room,
   * -ENOTSOCK (-88) for anything but a socket.
   */
  send(fd: number, data: Uint8Array): number;
  /**
   * Connects a datagram socket to the Unix socket at this path (socket(2), connect(2)); programs
   * that this process starts do not inherit it.
   */
  connectDatagram(path: Uint8Array): number;
  /**
   * Sets how many bytes a socket buffers before a send blocks (SO_SNDBUF), up to the system's
   * limit.
   */
  setSendBuffer(fd: number, bytes: number): number;
  /** How many bytes a pipe holds; -EBADF (-9) for anything but a pipe (F_GETPIPE_SZ). */
  pipeSize(fd: number): number;
  /** Makes a pipe hold at least this many bytes (F_SETPIPE_SZ); fails beyond the system's limit. */
  setPipeSize(fd: number, bytes: number): number;
  /**
   * Opens the pipe of `fd` again for writes that do not block: they return -EAGAIN (-11) if there
   * is no room. The flags of `fd` itself, which other processes may share, stay as they are.
   */
  reopenPipe(fd: number): number;
  /**
   * Opens our end of the pipe that is standard input (0) or output (1) of a process that was just
   * started, for writes or reads that do not block: they return -EAGAIN (-11) if there is no room
   * or nothing to read. Returns -EPERM (-1) if it is not a pipe.
   */
  openPipeTo(pid: number, fd: 0 | 1): number;
  /**
   * poll(2); `fds` is an array of `struct pollfd`; the timeout is in milliseconds, -1 for none.
   * Returns how many are ready.
   */
  poll(fds: Bytes, timeout: number): number;
  /**
   * Like {@linkcode ProcessCalls.poll}, on another thread; `fds` must be kept until it settles.
   * Returns -1 on failure.
   */
  pollElsewhere(fds: Bytes, timeout: number): Promise<number>;
  /** Keeps a descriptor from the programs that this process starts (FD_CLOEXEC). */
  setCloseOnExec(fd: number): number;
  /**
   * Like {@linkcode ProcessCalls.setCloseOnExec}, for all descriptors from `first` on
   * (close_range(2)): -EINVAL (-22) before Linux 5.11.
   */
  setCloseOnExecFrom(first: number): number;
  /** umask(2): returns the previous mask. */
  umask(mask: number): number;
  /** Keeps this process from gaining privileges by starting a program (PR_SET_NO_NEW_PRIVS). */
  setNoNewPrivileges(): number;
  /** Keeps other processes of this user from reading the memory of this one (PR_SET_DUMPABLE 0). */
  setNotDumpable(): number;
  /** The most descriptors that may be open; `Infinity` without a limit (RLIMIT_NOFILE). */
  descriptorLimit(): number;
  /**
   * Has the system end this process by SIGALRM after this many milliseconds, or by SIGPROF after
   * this much CPU time; replaces the previous timer (setitimer(2)).
   */
  setTimer(clock: "real" | "cpu", milliseconds: number): number;
  /** Milliseconds of the clock that all processes share and that is never set (CLOCK_MONOTONIC). */
  monotonicTime(): number;
  /** kill(2) */
  kill(pid: number, signal: number): number;
  /** landlock_create_ruleset(2): a descriptor. */
  landlockCreateRuleset(attributes: Bytes): number;
  /** landlock_create_ruleset(2): the ABI version. */
  landlockVersion(): number;
  /** landlock_add_rule(2) with a `struct landlock_path_beneath_attr`. */
  landlockAddPathRule(ruleset: number, rule: Bytes): number;
  /**
   * landlock_restrict_self(2): restricts this thread and what it starts from now on; `flags` may
   * include the other threads.
   */
  landlockRestrictSelf(ruleset: number, flags: number): number;
}

/** Makes {@linkcode ProcessCalls} from the opened symbols. */
export function processCalls(symbols: Symbols, calls: SystemCalls): ProcessCalls {
  const { numbers } = calls;

  function data(call: bigint, fd: number, bytes: Uint8Array, flags = 0n): number {
    return calls.buffer(call, fd, bytes as Bytes, BigInt(bytes.length), flags);
  }

  function close(fd: number): void {
    calls.buffer(SystemCall.close, fd, NO_BYTES);
  }

  function openPipe(path: string, access: number): number {
    const name = new TextEncoder().encode(`${path}\0`);
    const how = new OpenHow().set(access | Open.NONBLOCK | Open.CLOEXEC);
    return calls.buffers(SystemCall.openat2, AT_FDCWD, name, how, BigInt(how.length));
  }

  return {
    read: (fd, into) => data(SystemCall.read, fd, into),
    write: (fd, bytes) => data(SystemCall.write, fd, bytes),
    send: (fd, bytes) => data(SystemCall.sendto, fd, bytes, SEND_FLAGS),
    connectDatagram(path) {
      const socket = numbers(SystemCall.socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC);
      if (socket < 0) return socket;
      const address = new Uint8Array(FAMILY_LENGTH + path.length + 1);
      new DataView(address.buffer).setUint16(0, AF_UNIX, true);
      address.set(path, FAMILY_LENGTH);
      const connected = data(SystemCall.connect, socket, address);
      if (connected === 0) return socket;
      close(socket);
      return connected;
    },
    setSendBuffer(fd, bytes) {
      const value = new Uint8Array(new Int32Array([bytes]).buffer);
      return calls.fourth(SystemCall.setsockopt, fd, SOL_SOCKET, SO_SNDBUF, value);
    },
    pipeSize: (fd) => numbers(SystemCall.fcntl, fd, F_GETPIPE_SZ),
    setPipeSize: (fd, bytes) => numbers(SystemCall.fcntl, fd, F_SETPIPE_SZ, bytes),
    reopenPipe(fd) {
      return openPipe(`/proc/self/fd/${fd}`, Open.WRONLY);
    },
    openPipeTo(pid, fd) {
      // The system opens a pipe by the name of either end.
      const own = openPipe(`/proc/${pid}/fd/${fd}`, fd === 0 ? Open.WRONLY : Open.RDONLY);
      if (own < 0 || numbers(SystemCall.fcntl, own, F_GETPIPE_SZ) > 0) return own;
      close(own);
      return -Errno.EPERM;
    },
    poll: calls.poll,
    // The other thread's errno cannot be read here: the result only tells that the call failed.
    pollElsewhere(fds, timeout) {
      return symbols.pollElsewhere(fds, BigInt(fds.length / POLLFD_BYTES), timeout);
    },
    setCloseOnExec: (fd) => numbers(SystemCall.fcntl, fd, F_SETFD, FD_CLOEXEC),
    setCloseOnExecFrom(first) {
      const range = [first, MAX_DESCRIPTOR, CLOSE_RANGE_CLOEXEC] as const;
      return numbers(SystemCall.closeRange, ...range);
    },
    umask: (mask) => numbers(SystemCall.umask, mask),
    setNoNewPrivileges: () => numbers(SystemCall.prctl, PR_SET_NO_NEW_PRIVS, 1),
    setNotDumpable: () => numbers(SystemCall.prctl, PR_SET_DUMPABLE, 0),
    descriptorLimit() {
      const limits = new BigUint64Array(2);
      const bytes = new Uint8Array(limits.buffer);
      const result = calls.buffer(SystemCall.getrlimit, RLIMIT_NOFILE, bytes);
      if (result < 0) return result;
      const soft = limits[0]!;
      return soft === RLIM_INFINITY ? Infinity : Number(soft);
    },
    setTimer(clock, milliseconds) {
      const seconds = BigInt(Math.floor(milliseconds / 1000));
      const microseconds = BigInt(Math.floor(milliseconds % 1000) * 1000);
      const value = new Uint8Array(new BigInt64Array([0n, 0n, seconds, microseconds]).buffer);
      const which = clock === "real" ? ITIMER_REAL : ITIMER_PROF;
      return calls.buffer(SystemCall.setitimer, which, value);
    },
    monotonicTime() {
      const time = new BigInt64Array(2);
      calls.buffer(SystemCall.clockGettime, CLOCK_MONOTONIC, new Uint8Array(time.buffer));
      const [seconds, nanoseconds] = time;
      return Number(seconds) * 1000 + Number(nanoseconds) / 1e6;
    },
    kill: (pid, signal) => numbers(SystemCall.kill, pid, signal),
    landlockCreateRuleset(attributes) {
      return calls.first(SystemCall.landlockCreateRuleset, attributes, attributes.length);
    },
    landlockVersion() {
      const flags = LANDLOCK_CREATE_RULESET_VERSION;
      return calls.first(SystemCall.landlockCreateRuleset, null, 0, flags);
    },
    landlockAddPathRule(ruleset, rule) {
      return calls.third(SystemCall.landlockAddRule, ruleset, LANDLOCK_RULE_PATH_BENEATH, rule);
    },
    landlockRestrictSelf(ruleset, flags) {
      return numbers(SystemCall.landlockRestrictSelf, ruleset, flags);
    },
  };
}

/** Bytes of the family in a `struct sockaddr_un`; the path follows it. */
const FAMILY_LENGTH = 2;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
