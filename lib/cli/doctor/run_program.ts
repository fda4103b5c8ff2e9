/**
 * Runs the programs that `sftpwrap doctor` asks, by their paths: a user's PATH often lacks `sshd`.
 *
 * @module
 */

export const SSHD = "/usr/sbin/sshd";
export const RUNUSER = "/usr/sbin/runuser";
export const GETENT = "/usr/bin/getent";

/** All of them, for `--allow-run`. */
export const DOCTOR_PROGRAMS: readonly string[] = [SSHD, RUNUSER, GETENT];

/** How a program ended, and what it printed. */
export interface ProgramOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without a shell; undefined if it cannot be started. */
export async function runProgram(
  program: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<ProgramOutput | undefined> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      ...env === undefined ? {} : { env, clearEnv: true },
    }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } catch (error) {
    const absent = [Deno.errors.NotFound, Deno.errors.NotCapable, Deno.errors.PermissionDenied];
    if (absent.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}
