/**
 * The base binary of `deno compile` (denort): which one a program gets, and whether the program that
 * was made with it runs.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import { findProgram } from "../../tests/support/programs.ts";
import { run } from "./run.ts";

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
  if (!existsSync(path)) throw new TypeError(`${variable} (${path}) does not exist`);
  const text = Buffer.from(await Deno.readFile(path));
  const at = text.indexOf("Deno/");
  const userAgent = text.toString("latin1", at, at + 20);
  return {
    machine: text.toString("latin1", 1, 4) === "ELF" ? text[MACHINE_OFFSET_BYTES] : undefined,
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
  const emulator = `qemu-${arch}`;
  const isEmulated = arch !== archOf();
  const loader = `${Deno.env.get("QEMU_LD_PREFIX") ?? ""}${ARM64_LOADER}`;
  if (isEmulated && !(existsSync(loader) && findProgram(emulator))) return undefined;
  const [program = "", ...rest] = isEmulated ? [emulator, path, ...args] : [path, ...args];
  const { code, stdout, stderr } = await run(program, rest, { limitMs: FIRST_WORD_MS });
  if (code === 0 && stdout.includes("sftpwrap ")) return stdout;
  const reason = stderr.trim().split("\n")[0] || "it says nothing";
  throw new TypeError(`the program does not run (exit status ${code}): ${reason}`);
}
