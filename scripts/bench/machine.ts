import { findProgram } from "../../tests/support/programs.ts";

/** One line that names this machine, its Deno, the Deno that compiles, and its OpenSSH. */
export async function machineLine(): Promise<string> {
  const cpu = /^model name\s*: (.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo"))?.[1] ??
    Deno.build.arch;
  const deno = Deno.version.deno;
  const compiler = await versionOf(Deno.env.get("DENO_COMPILE"), "--version", /^deno (\S+)/);
  const compiled = [undefined, deno].includes(compiler) ? "" : ` (compiled by Deno ${compiler})`;
  const openssh = await versionOf(findProgram("ssh"), "-V", /^OpenSSH_([^,]+)/) ?? "";
  return `${cpu} (${navigator.hardwareConcurrency} CPUs), Linux ${Deno.osRelease()}, ` +
    `Deno ${deno}${compiled}, OpenSSH ${openssh}`.trimEnd();
}

/** Programs write their version to standard output or standard error. */
async function versionOf(program: string | undefined, arg: string, pattern: RegExp) {
  if (program === undefined) return undefined;
  const { stdout, stderr } = await new Deno.Command(program, { args: [arg] }).output();
  const decoder = new TextDecoder();
  return pattern.exec(decoder.decode(stdout) + decoder.decode(stderr))?.[1];
}
