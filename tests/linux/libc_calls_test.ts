import { assert, assertEquals } from "@std/assert";
import { openLibc } from "../../lib/linux/libc.ts";
import { systemCalls } from "../../lib/linux/libc_calls.ts";
import { NO_BYTES, type Symbols } from "../../lib/linux/libc_symbols.ts";
import { needs } from "../support/programs.ts";
import { runOk } from "../support/run.ts";
import { DatagramListener } from "../support/datagrams.ts";
import { withTempDir } from "../support/files.ts";
import { childWords } from "../storage/local/child.ts";

const libc = openLibc();
const AT_FDCWD = -100;
const NO_DESCRIPTOR = -1;
const ENOTDIR = 20;
const ELOOP = 40;

const EBADF = -9;
const EBUSY = -16;
const EEXIST = -17;

function path(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** Makes a system call that fails, on this thread. */
function failElsewhere(): void {
  try {
    Deno.lstatSync("/dev/null/nothing");
  } catch (error) {
    assert(error instanceof Deno.errors.NotADirectory);
  }
}

/** Lets each of these functions of JavaScript make a failing system call whenever it is used. */
function whileTheyFail(names: readonly ("BigInt" | "DataView")[], use: () => void): void {
  const originals = names.map((name) => [name, globalThis[name]] as const);
  for (const [name, original] of originals) {
    Object.assign(globalThis, {
      [name]: new Proxy(original, {
        apply(target, receiver, args) {
          failElsewhere();
          return Reflect.apply(target as typeof BigInt, receiver, args);
        },
        construct(target, args) {
          failElsewhere();
          return Reflect.construct(target, args);
        },
      }),
    });
  }
  try {
    use();
  } finally {
    Object.assign(globalThis, Object.fromEntries(originals));
  }
}

Deno.test("a failed call tells its own errno, though other calls of the thread fail around it", () => {
  const [root, missing] = [path("/"), path("no such name")];
  const times = new BigInt64Array(4);
  whileTheyFail(["BigInt", "DataView"], () => {
    assertEquals(libc.fsync(NO_DESCRIPTOR), EBADF);
    assertEquals(libc.ftruncate(NO_DESCRIPTOR, 0), EBADF);
    assertEquals(libc.pread(NO_DESCRIPTOR, new Uint8Array(1), 0), EBADF);
    assertEquals(libc.mkdirat(AT_FDCWD, root, 0o777), EEXIST);
    assertEquals(libc.symlinkat(missing, AT_FDCWD, root), EEXIST);
    assertEquals(libc.renameat(AT_FDCWD, root, AT_FDCWD, root), EBUSY);
    assertEquals(libc.utimensat(NO_DESCRIPTOR, missing, times, 0), EBADF);
    assertEquals(libc.pipeSize(NO_DESCRIPTOR), EBADF);
    assertEquals(libc.setSendBuffer(NO_DESCRIPTOR, 1), EBADF);
    assertEquals(libc.landlockAddPathRule(NO_DESCRIPTOR, new Uint8Array(12)), EBADF);
  });
});

/** Symbols that only fail, each with the errno ELOOP, until anything else happens. */
function failing(): { readonly symbols: Symbols; readonly happened: string[] } {
  const happened: string[] = [];
  const symbols = new Proxy({} as Symbols, {
    get(_target, name) {
      happened.push(`look for ${String(name)}`);
      return () => {
        happened.push(`call ${String(name)}`);
        return -1;
      };
    },
  });
  return { symbols, happened };
}

Deno.test("each shape of a call copies errno as the very next thing after the call", () => {
  const { symbols, happened } = failing();
  const errno = new Int32Array(1);
  const copy: Symbols["copyErrno"] = (into) => {
    assert(into === errno);
    errno[0] = happened.at(-1)?.startsWith("call ") ? ELOOP : ENOTDIR;
    happened.push("copy");
  };
  const calls = systemCalls(symbols, { copy, location: new Uint8Array(8), errno });
  const results = {
    buffers: calls.buffers(0n, 0, NO_BYTES, NO_BYTES, 0n),
    buffer: calls.buffer(0n, 0, NO_BYTES),
    numbers: calls.numbers(0n, 0),
    pairs: calls.pairs(0n, 0, NO_BYTES, 0, NO_BYTES),
    around: calls.around(0n, NO_BYTES, 0, NO_BYTES),
    first: calls.first(0n, NO_BYTES, 0),
    third: calls.third(0n, 0, 0, NO_BYTES),
    fourth: calls.fourth(0n, 0, 0, 0, NO_BYTES),
    poll: calls.poll(new Uint8Array(8), 0),
  };
  assertEquals(Object.keys(results).sort(), Object.keys(calls).sort());
  for (const [name, result] of Object.entries(results)) assertEquals(result, -ELOOP, name);
  assertEquals(
    happened,
    Object.keys(results).flatMap((name) => [`look for ${name}`, `call ${name}`, "copy"]),
  );
});

Deno.test({
  name: "a send leaves no argument of its system call to chance",
  ...needs("strace"),
  fn: () =>
    withTempDir(async (directory) => {
      const socket = `${directory}/socket`;
      using listener = new DatagramListener(socket);
      const trace = `${directory}/trace`;
      const options = ["-f", "-qq", "-o", trace, "-e", "trace=sendto", "-e", "signal=none"];
      const words = childWords("libc_send_child.ts", { flags: ["-A"], args: [socket, "3000"] });
      await runOk("strace", [...options, ...words]);
      assert(listener.take().length > 0);
      const sent = (await Deno.readTextFile(trace)).matchAll(/, (\S+, \S+)\) = /g);
      assertEquals(new Set(Array.from(sent, ([, address]) => address)), new Set(["NULL, 0"]));
    }),
});
