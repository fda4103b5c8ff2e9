/**
 * Has the kernel refuse each fchmod with the error whose number is the mode that is asked for, and
 * tells what each root makes of it.
 */

import { openLibc } from "../../../lib/linux/libc.ts";
import { SystemCall } from "../../../lib/linux/linux.ts";
import type { RootFile } from "../../../lib/storage/local/root.ts";
import { openKernelRoot } from "../../../lib/storage/local/kernel/root.ts";
import { PortableRoot } from "../../../lib/storage/local/portable/root.ts";
import { how } from "../../../lib/testing/subject.ts";
import { report } from "./child.ts";
import { failure } from "./places.ts";

const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2n;

// Of `struct seccomp_data`, in bytes.
const CALL = 0;
const SECOND_ARGUMENT = 24;

/** Instructions of the classic BPF: code, jump if true, jump if false, value. */
const FILTER: readonly (readonly [number, number, number, number])[] = [
  [0x20, 0, 0, CALL],
  [0x15, 1, 0, Number(SystemCall.fchmod)],
  [0x06, 0, 0, 0x7fff_0000], // Allow.
  [0x20, 0, 0, SECOND_ARGUMENT],
  [0x44, 0, 0, 0x0005_0000], // Or with: fail with the errno in the lower half.
  [0x16, 0, 0, 0], // Return that.
];

function refuse(): void {
  const { symbols } = Deno.dlopen("libc.so.6", {
    prctl: { parameters: ["i32", "u64", "buffer", "u64", "u64"], result: "i32" },
  });
  const view = new DataView(new ArrayBuffer(FILTER.length * 8));
  for (const [index, [code, ifTrue, ifFalse, value]] of FILTER.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, value, true);
  }
  const instructions = new Uint8Array(view.buffer);
  const address = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(instructions)));
  const program = new BigUint64Array([BigInt(FILTER.length), address]);
  symbols.prctl(PR_SET_NO_NEW_PRIVS, 1n, null, 0n, 0n);
  if (symbols.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0n, 0n) !== 0) {
    throw new Error("The filter was refused");
  }
}

const [directory = "", ...numbers] = Deno.args;
const roots = [
  openKernelRoot(directory, openLibc()),
  new PortableRoot(directory, { symlink: true, statfs: true }),
];
const files = roots.map((root): RootFile =>
  root.open("/file", how("read", "write", "create"), 0o600)
);
refuse();
report(numbers.map((number) => files.map((file) => failure(() => file.chmod(Number(number))))));
