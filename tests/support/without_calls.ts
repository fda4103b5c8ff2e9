/**
 * Runs a program for which the kernel lacks some system calls, as under a container's seccomp
 * profile, or an older kernel:
 *
 *     without_calls.ts ERRNO CALL,CALL PROGRAM ARGS...
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { SystemCall } from "../../lib/linux/linux.ts";

const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2n;
const RET_ALLOW = 0x7fff0000;
const RET_ERRNO = 0x00050000;

// Instructions of classic BPF: load a word, jump if equal, return.
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;

/** The words that run `program` without some system calls, each of which then fails with `errno`. */
export function withoutCalls(
  calls: readonly (keyof typeof SystemCall)[],
  errno: number,
  program: readonly string[],
): string[] {
  const numbers = calls.map((name) => SystemCall[name]).join(",");
  const script = fileURLToPath(import.meta.url);
  const flags = ["--no-prompt", "--no-check", "--quiet", "-A"];
  return [Deno.execPath(), "run", ...flags, script, String(errno), numbers, ...program];
}

interface Instruction {
  readonly code: number;
  readonly ifTrue?: number;
  readonly ifFalse?: number;
  readonly value: number;
}

function filterOf(calls: readonly number[], errno: number): readonly Instruction[] {
  return [
    { code: LOAD_WORD, value: 0 },
    ...calls.flatMap((call) => [
      { code: JUMP_IF_EQUAL, ifTrue: 0, ifFalse: 1, value: call },
      { code: RETURN, value: RET_ERRNO | errno },
    ]),
    { code: RETURN, value: RET_ALLOW },
  ];
}

/** An array of `struct sock_filter`. */
function encoded(filter: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(filter.length * 8));
  for (const [index, { code, ifTrue = 0, ifFalse = 0, value }] of filter.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, value, true);
  }
  return new Uint8Array(view.buffer);
}

function main([errno = "", calls = "", ...program]: readonly string[]): never {
  const { symbols } = Deno.dlopen("libc.so.6", {
    prctl: { parameters: ["i32", "u64", "buffer", "u64", "u64"], result: "i32" },
    execv: { parameters: ["buffer", "buffer"], result: "i32" },
  });
  const filter = filterOf(calls.split(",").map(Number), Number(errno));
  const instructions = encoded(filter);
  // A `struct sock_fprog`: how many, and where.
  const whole = new BigUint64Array([BigInt(filter.length), addressOf(instructions)]);
  const strings = program.map((word) => new TextEncoder().encode(word + "\0"));
  const pointers = new BigUint64Array([...strings.map(addressOf), 0n]);
  symbols.prctl(PR_SET_NO_NEW_PRIVS, 1n, null, 0n, 0n);
  const set = symbols.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, whole, 0n, 0n);
  if (set !== 0) throw new Error("The filter was refused");
  symbols.execv(strings[0]!, pointers);
  throw new Error(`Cannot run ${program[0]}`);
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}

if (import.meta.main) main(Deno.args);
