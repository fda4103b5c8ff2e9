/**
 * Bundles the many modules of the program into a few, which load faster.
 *
 * Each subcommand is a bundle of its own, beside that of `main.ts`, and code that two of them need
 * is in both. So a session reads one file. With shared chunks it would read a dozen, and parse
 * parts that only other subcommands need.
 *
 * @module
 */

/** Runs Deno with these arguments; resolves to whether it succeeded. */
export type RunDeno = (words: readonly string[]) => Promise<boolean>;

/** The modules that `main.ts` loads when they are needed, outside its own bundle. */
const SUBCOMMANDS = "*/command.ts";

const FOLDER = "lib/cli";

/**
 * Bundles the program.
 *
 * @param words `deno bundle …`, without output and entry.
 * @param directory An empty directory for the output.
 * @returns The path of the entry; undefined if the bundler is not available.
 */
export async function bundleProgram(
  words: readonly string[],
  directory: string,
  runDeno: RunDeno,
): Promise<string | undefined> {
  const entry = `${directory}/main.js`;
  const main = [...words, `--external=${SUBCOMMANDS}`, "--outdir", directory, "main.ts"];
  if (!await runDeno(main)) return undefined;
  const { text, subcommands } = withBundles(await Deno.readTextFile(entry));
  for (const name of subcommands) {
    const own = `${directory}/${name}`;
    const source = `${FOLDER}/${name}/command.ts`;
    if (!await runDeno([...words, "--outdir", own, source])) return undefined;
  }
  await Deno.writeTextFile(entry, text);
  return entry;
}

/** The entry, which now loads the subcommands' bundles instead of their sources, and their names. */
export function withBundles(text: string): { text: string; subcommands: readonly string[] } {
  const subcommands: string[] = [];
  const replaced = text.replace(/(["'])\.\/(\w+)\/command\.ts\1/g, (_, quote, name) => {
    subcommands.push(name);
    return `${quote}./${name}/command.js${quote}`;
  });
  if (subcommands.length === 0) throw new Error("main.ts loads no subcommand");
  return { text: replaced, subcommands };
}
