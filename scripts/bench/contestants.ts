/**
 * The servers that are compared.
 *
 * @module
 */

import { findProgram } from "../../tests/support/programs.ts";
import { LIBC_PATHS } from "../../lib/linux/libc.ts";
import type { Program } from "./server.ts";

/** The server that all others are measured against. */
export const REFERENCE = "openssh";

/** A server that is compared. */
export interface Contestant extends Program {
  /** As in `--only`. */
  readonly id: string;
  /** For the head of a table. */
  readonly name: string;
  /** The part of the work that it does, where it would take too long with all. */
  readonly share: number;
}

/** What there is to compare. */
export interface Field {
  readonly contestants: readonly Contestant[];
  /** A compiled program that does nothing but write a word; undefined where none could be compiled. */
  readonly hello: Program | undefined;
  /** What is not as it should be. */
  readonly notes: readonly string[];
}

/** Where, and who. */
export interface FieldOptions {
  /** The directory that is served. */
  readonly directory: string;
  /** A directory for what is compiled, and for what the servers say on standard error. */
  readonly build: string;
  /** The ids of those to compare; undefined for the usual ones. */
  readonly only: readonly string[] | undefined;
  /** This program, compiled already. */
  readonly program: string | undefined;
}

/** All ids, and which of them run where nobody names any. */
export const CONTESTANTS: Readonly<Record<string, { readonly usual: boolean }>> = {
  [REFERENCE]: { usual: true },
  kernel: { usual: true },
  portable: { usual: true },
  rclone: { usual: true },
  "kernel-run": { usual: false },
  "kernel-text": { usual: false },
  "kernel-json": { usual: false },
  "portable-compiled": { usual: false },
};

/** Those that are a compiled program, where one can be compiled. */
const COMPILED = ["kernel", "kernel-text", "kernel-json", "portable-compiled"];

/** As OpenSSH's server, which tells syslog of errors alone unless it is told otherwise. */
const QUIETLY = "--log-level=ERROR";

/** The project's own directory. */
export const ROOT = new URL("../../", import.meta.url).pathname;

const MAIN = `${ROOT}main.ts`;

const HELLO = `Deno.stdout.writeSync(new TextEncoder().encode("hello\\n"));\n`;

/** Finds or compiles what is to be compared. What is not installed is left out, with a note. */
export async function prepareField(options: FieldOptions): Promise<Field> {
  const { directory, build } = options;
  const usual = Object.keys(CONTESTANTS).filter((id) => CONTESTANTS[id]?.usual);
  const wanted = new Set(options.only ?? usual);
  const notes: string[] = [];
  const compiled = [...wanted].some((id) => COMPILED.includes(id))
    ? options.program ?? await compileProgram(build, notes)
    : undefined;
  const hello = compiled === undefined ? undefined : await compileHello(build);
  const kernel = compiled === undefined ? denoRun(kernelFlags(directory)) : [compiled];
  const all = [
    openssh(notes),
    {
      id: "kernel",
      name: compiled === undefined ? "kernel root, deno run" : "kernel root, compiled",
      argv: [...kernel, "jail", QUIETLY, directory],
    },
    ...(["text", "json"] as const).map((format) => ({
      id: `kernel-${format}`,
      name: `kernel root, ${format} log`,
      argv: [
        ...kernel,
        "jail",
        `--logfile=${build}/${format}`,
        `--log-format=${format}`,
        directory,
      ],
    })),
    portable(directory, notes),
    rclone(directory, notes),
    {
      id: "kernel-run",
      name: "kernel root, deno run",
      argv: [...denoRun(kernelFlags(directory)), "jail", QUIETLY, directory],
    },
    compiled === undefined || isBelowDev(directory) ? undefined : {
      id: "portable-compiled",
      name: "portable root, compiled",
      argv: [compiled, "jail", QUIETLY, "--confine=portable", directory],
    },
  ];
  const contestants = all
    .filter((one) => one !== undefined)
    .filter(({ id }) => wanted.has(id))
    .map((one) => ({ share: 1, cwd: directory, stderr: `${build}/${one.id}.log`, ...one }));
  return {
    contestants,
    hello: hello === undefined
      ? undefined
      : { argv: [hello], cwd: directory, stderr: `${build}/hello.log` },
    notes,
  };
}

/** Debian's sftp-server, or that of another system. */
function openssh(notes: string[]) {
  const path = findProgram("sftp-server");
  if (path === undefined) notes.push("OpenSSH's sftp-server is not installed: there are no ratios");
  return path === undefined ? undefined : { id: REFERENCE, name: "OpenSSH", argv: [path] };
}

function portable(directory: string, notes: string[]) {
  if (isBelowDev(directory)) {
    notes.push("the portable root is left out: Deno lets it not into /dev");
    return undefined;
  }
  const flags = [`--allow-read=${directory}`, `--allow-write=${directory}`];
  const argv = [...denoRun(flags), "jail", QUIETLY, "--confine=portable", directory];
  return { id: "portable", name: "portable root, deno run", argv };
}

function rclone(directory: string, notes: string[]) {
  const path = findProgram("rclone");
  if (path === undefined) {
    notes.push("rclone is not installed");
    return undefined;
  }
  const argv = [path, "--config=", "serve", "sftp", "--stdio", directory];
  return { id: "rclone", name: "rclone", argv, share: 1 / 8 };
}

function denoRun(flags: readonly string[]): readonly string[] {
  return [Deno.execPath(), "run", "--no-prompt", ...flags, MAIN];
}

function kernelFlags(directory: string): readonly string[] {
  // To know where the directory really is takes all permissions there.
  if (isBelowDev(directory)) return ["--allow-all"];
  return ["--allow-read", "--allow-write", "--allow-sys", `--allow-ffi=${LIBC_PATHS.join(",")}`];
}

/** Deno lets nothing that has less than all permissions into `/dev`. */
function isBelowDev(directory: string): boolean {
  return directory.startsWith("/dev/");
}

async function compileProgram(build: string, notes: string[]): Promise<string | undefined> {
  const output = `${build}/sftpwrap`;
  const script = `${ROOT}scripts/compile.ts`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", script, "--output", output],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return output;
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  notes.push(`not compiled, so "kernel" is under deno run: ${said.trim().split("\n").at(-1)}`);
  return undefined;
}

/** Compiled as the program is, so that what remains of its start is its own. */
async function compileHello(build: string): Promise<string | undefined> {
  const source = `${build}/hello.ts`;
  const output = `${build}/hello`;
  await Deno.writeTextFile(source, HELLO);
  const deno = Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
  const { success } = await new Deno.Command(deno, {
    args: ["compile", "--quiet", "--no-check", "--no-code-cache", `--output=${output}`, source],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success ? output : undefined;
}
