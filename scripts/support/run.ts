/** How a program ended, and what it wrote. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Where a program runs, after how long it is ended, and its variables beside those of this process,
 * of which it does not get $DENORT_BIN.
 */
interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly limitMs?: number;
}

/**
 * Runs a program to its end.
 *
 * @throws {TypeError} If it is not installed.
 */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env, limitMs }: RunOptions = {},
): Promise<RunResult> {
  const { DENORT_BIN: _, ...inherited } = Deno.env.toObject();
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      ...cwd === undefined ? {} : { cwd },
      clearEnv: true,
      env: { ...inherited, LC_ALL: "C.UTF-8", NO_COLOR: "1", ...env },
      stdin: "null",
      ...limitMs === undefined ? {} : { signal: AbortSignal.timeout(limitMs) },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new TypeError(`${program} is needed, and not installed`);
  }
}

/**
 * Runs a program that must succeed, and returns what it wrote to standard output.
 *
 * @throws {TypeError} As {@linkcode run}, and if it fails.
 */
export async function runOk(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code === 0) return stdout;
  throw new TypeError(`${program} failed: ${stderr.trim()}`);
}
