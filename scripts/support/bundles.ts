/**
 * Makes a few modules of many, which a program loads faster.
 *
 * Each subcommand is a bundle of its own, beside that of `main.ts`. What two of them share, both
 * have: a session reads the one file of its subcommand, where it would read a dozen files if they
 * shared, and parse what others need of those.
 *
 * @module
 */

/** Runs Deno with these words, and says whether it succeeded. */
export type RunDeno = (words: readonly string[]) => Promise<boolean>;

/** The modules that are loaded when they run, and stay out of the bundle of `main.ts`. */
const SUBCOMMANDS = "*/command.ts";

const FOLDER = "lib/cli";

/**
 * Bundles the program.
 *
 * @param words `deno bundle …`, without output and entry.
 * @param directory Where to, which is empty.
 * @returns The path of the entry, or nothing where the bundler cannot be had.
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

/** The entry with its subcommands' bundles in the place of their sources, and the names of these. */
export function withBundles(text: string): { text: string; subcommands: readonly string[] } {
  const subcommands: string[] = [];
  const replaced = text.replace(/(["'])\.\/(\w+)\/command\.ts\1/g, (_, quote, name) => {
    subcommands.push(name);
    return `${quote}./${name}/command.js${quote}`;
  });
  if (subcommands.length === 0) throw new Error("main.ts loads no subcommand");
  return { text: replaced, subcommands };
}
