/**
 * Runs a program that must succeed, and returns what it wrote to standard output.
 *
 * @throws {TypeError} If it is not installed or fails.
 */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  let result: Deno.CommandOutput;
  try {
    result = await new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      ...cwd === undefined ? {} : { cwd },
      env: { LC_ALL: "C.UTF-8", ...env },
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new TypeError(`${program} is needed, and not installed`);
  }
  if (result.success) return new TextDecoder().decode(result.stdout);
  throw new TypeError(`${program} failed: ${new TextDecoder().decode(result.stderr).trim()}`);
}
