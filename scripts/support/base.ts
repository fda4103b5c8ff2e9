/**
 * The base binary of `deno compile` (denort): which one a program gets, and whether the program that
 * was made with it runs.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Numbers of architectures in an ELF header (`e_machine`). */
const MACHINES: Readonly<Record<string, number>> = { "x86_64": 62, aarch64: 183 };

const MACHINE_OFFSET_BYTES = 18;

/** How long a program may take to say its version; an emulated one takes a second. */
const FIRST_WORD_MS = 60_000;

/** The loader that an emulator needs of the other system, below `QEMU_LD_PREFIX`. */
const ARM64_LOADER = "/lib/ld-linux-aarch64.so.1";

/** The architecture of a target, as its triple has it. */
export function archOf(target: string = Deno.build.target): string {
  return target.split("-")[0] ?? "";
}

/**
 * The base for an architecture of Linux: what `$DENORT_ARM64_BIN` names for arm64, or `$DENORT_BIN`;
 * undefined if Deno is to download it.
 *
 * @param deno The version of the Deno that compiles.
 * @throws {TypeError} If what is named cannot work.
 */
export async function chooseBase(
  arch: string,
  deno: string,
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Promise<string | undefined> {
  const variable = arch === "aarch64" && env("DENORT_ARM64_BIN")
    ? "DENORT_ARM64_BIN"
    : "DENORT_BIN";
  const path = env(variable);
  if (!path) return undefined;
  const { machine, version } = await readBase(path, variable);
  if (machine !== MACHINES[arch]) {
    // The base of this machine says nothing about a program for another one.
    if (variable === "DENORT_BIN" && arch !== archOf()) return undefined;
    throw new TypeError(`${variable} (${path}) is not a program for ${arch}`);
  }
  if (version !== undefined && minor(version) !== minor(deno)) {
    throw new TypeError(
      `${variable} (${path}) is of Deno ${version}, and Deno ${deno} compiles: ` +
        `it needs a base of ${minor(deno)}`,
    );
  }
  return path;
}

async function readBase(path: string, variable: string) {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new TypeError(`${variable} (${path}) does not exist`);
  }
  const isElf = new TextDecoder().decode(bytes.subarray(1, 4)) === "ELF";
  const at = Buffer.from(bytes.buffer).indexOf("Deno/");
  const userAgent = new TextDecoder("latin1").decode(bytes.subarray(at, at + 20));
  return {
    machine: isElf ? bytes[MACHINE_OFFSET_BYTES] : undefined,
    version: at === -1 ? undefined : /^Deno\/(\d+\.\d+\.\d+)/.exec(userAgent)?.[1],
  };
}

/** The part of a version whose programs one base can run. */
function minor(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/**
 * Runs a program of this project, by itself or in `qemu-aarch64`.
 *
 * @returns What it printed; undefined if this machine cannot run it.
 * @throws {TypeError} If it does not work.
 */
export async function tryProgram(
  path: string,
  args: readonly string[],
  arch: string,
): Promise<string | undefined> {
  const emulated = arch !== archOf();
  if (emulated && !isThere(`${Deno.env.get("QEMU_LD_PREFIX") ?? ""}${ARM64_LOADER}`)) {
    return undefined;
  }
  const words = emulated ? [`qemu-${arch}`, path, ...args] : [path, ...args];
  const [program = "", ...rest] = words;
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: rest,
      env: { NO_COLOR: "1" },
      stdin: "null",
      signal: AbortSignal.timeout(FIRST_WORD_MS),
    }).output();
    const said = new TextDecoder().decode(stdout);
    if (code === 0 && said.includes("sftpwrap ")) return said;
    const [reason] = new TextDecoder().decode(stderr).trim().split("\n");
    throw new TypeError(
      `the program does not run (exit status ${code}): ${reason || "it says nothing"}`,
    );
  } catch (error) {
    if (emulated && error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
