import { findProgram } from "../../tests/support/programs.ts";

/** Where a run took place. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly kernel: string;
  readonly deno: string;
  /** The Deno that compiled the program. */
  readonly compiler: string;
  readonly openssh: string;
  readonly rclone: string | undefined;
  /** The load average over the last minute, before the run. */
  readonly load: number;
  /** `2026-01-31` */
  readonly date: string;
}

/** Describes this machine and what is installed on it. */
export async function describeMachine(): Promise<Machine> {
  const compiler = Deno.env.get("DENO_COMPILE");
  return {
    cpu: /^model name\s*: (.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo"))?.[1] ??
      Deno.build.arch,
    cpus: navigator.hardwareConcurrency,
    kernel: `Linux ${Deno.osRelease()}`,
    deno: `Deno ${Deno.version.deno}`,
    compiler: await versionOf(compiler, ["--version"], /^deno (\S+)/, "Deno") ??
      `Deno ${Deno.version.deno}`,
    openssh: await versionOf(findProgram("ssh"), ["-V"], /^OpenSSH_([^,]+)/, "OpenSSH") ??
      "OpenSSH",
    rclone: await versionOf(findProgram("rclone"), ["version"], /^rclone v?(\S+)/, "rclone"),
    load: Deno.loadavg()[0]!,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** One line that names the machine. */
export function machineLine(machine: Machine): string {
  const { cpu, cpus, kernel, deno, compiler, openssh, rclone } = machine;
  const denos = compiler === deno ? deno : `${deno} (compiled by ${compiler})`;
  const others = rclone === undefined ? openssh : `${openssh}, ${rclone}`;
  return `${cpu} (${cpus} CPUs), ${kernel}, ${denos}, ${others}`;
}

/** Programs tell their version on stdout or stderr. */
async function versionOf(
  program: string | undefined,
  args: string[],
  pattern: RegExp,
  name: string,
): Promise<string | undefined> {
  if (program === undefined) return undefined;
  const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const version = pattern.exec(said)?.[1];
  return version === undefined ? undefined : `${name} ${version}`;
}
