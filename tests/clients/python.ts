import { findProgram, type Need } from "../support/programs.ts";

/** The path of Debian's own Python, which has Debian's modules, whatever `python3` is on PATH. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/** The Python that can import a module; undefined if there is none. */
export function pythonWith(module: string): string | undefined {
  return PYTHONS
    .map((name) => name.startsWith("/") ? name : findProgram(name))
    .find((python) => python !== undefined && canImport(python, module));
}

/** As `needs`, for a module of Python. */
export function needsPython(module: string): Need {
  if (pythonWith(module) !== undefined) return { ignore: false, reason: "" };
  return {
    ignore: Deno.env.get("SFTPWRAP_NO_SKIP") !== "1",
    reason: `not installed: ${module} for Python`,
  };
}

function canImport(python: string, module: string): boolean {
  try {
    const { success } = new Deno.Command(python, {
      args: ["-c", `import ${module}`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
