/**
 * Puts the chunks that a bundle's entry imports into the entry.
 *
 * The bundler makes a chunk of whatever an entry shares with a part that is loaded later, and each
 * chunk is one more file to load at every start. Here the entry keeps it, and the later part
 * imports it from there. All are minified: an import looks in one way only.
 *
 * @module
 */

/** Runs Deno with these words, and says whether it went well. */
export type RunDeno = (words: readonly string[]) => Promise<boolean>;

const IMPORT = /import(?:\{([^}]*)\}from)?"\.\/(chunk-\w+)\.js"/g;
const EXPORT = /export\{([^}]*)\};?\s*$/;
const LATER = /import\("(\.\/[\w-]+\.js)"\)/g;

/** What an entry and its chunks are, put together. */
export interface Merge {
  /** The chunks that the entry needs, itself or by another; what is imported first comes first. */
  readonly chunks: readonly string[];
  /** Paths of what is loaded later. */
  readonly later: readonly string[];
  /** A module that exports all that they export: a chunk's names with the chunk's in front. */
  readonly text: string;
}

/**
 * Finds out what to put together.
 *
 * @param name The entry's file, without its `.js`.
 * @param read Gives the text of a file by such a name.
 */
export async function mergeOf(
  name: string,
  read: (name: string) => Promise<string>,
): Promise<Merge> {
  const texts = new Map([[name, await read(name)]]);
  // A map goes on to what is added meanwhile.
  for (const text of texts.values()) {
    for (const [, , chunk = ""] of text.matchAll(IMPORT)) {
      if (!texts.has(chunk)) texts.set(chunk, await read(chunk));
    }
  }
  const chunks = [...texts.keys()].filter((one) => one !== name);
  const later = [...texts.values()].flatMap((text) =>
    Array.from(text.matchAll(LATER), ([, path = ""]) => path)
  );
  const exported = chunks.map((chunk) => {
    const names = pairs(EXPORT.exec(texts.get(chunk)!)?.[1]).map(([, name]) =>
      `${name} as ${prefixed(chunk, name)}`
    );
    return `export{${names}}from"./${chunk}.js";\n`;
  });
  return {
    chunks,
    later: [...new Set(later)],
    text: [`export*from"./${name}.js";\n`, ...exported].join(""),
  };
}

/** The text of a later part with its imports from the chunks turned to the entry. */
export function turned(text: string, chunks: readonly string[], entry: string): string {
  return text.replace(IMPORT, (whole, names: string | undefined, chunk: string) => {
    if (!chunks.includes(chunk)) return whole;
    const own = pairs(names).map(([name, own]) => `${prefixed(chunk, name)} as ${own}`);
    return names === undefined ? `import"./${entry}.js"` : `import{${own}}from"./${entry}.js"`;
  });
}

/**
 * Puts the chunks of an entry into it.
 *
 * @param words `deno bundle …`, without output and entry.
 * @param directory Where a bundle has been made, with chunks.
 * @param name The entry's file, without its `.js`.
 * @returns Whether the bundler went along.
 */
export async function mergeChunks(
  words: readonly string[],
  { directory, name }: { readonly directory: string; readonly name: string },
  runDeno: RunDeno,
): Promise<boolean> {
  const pathOf = (file: string) => `${directory}/${file}.js`;
  const { chunks, later, text } = await mergeOf(name, (file) => Deno.readTextFile(pathOf(file)));
  if (chunks.length === 0) return true;
  const merging = `${name}-merging`;
  const out = `${directory}/merged`;
  await Deno.writeTextFile(pathOf(merging), text);
  const externals = later.map((path) => `--external=${path}`);
  if (!await runDeno([...words, ...externals, "--outdir", out, pathOf(merging)])) return false;
  await Deno.rename(`${out}/${merging}.js`, pathOf(name));
  for (const file of [...chunks, merging]) await Deno.remove(pathOf(file));
  for await (const { name: file, isFile } of Deno.readDir(directory)) {
    const path = `${directory}/${file}`;
    if (!isFile || path === pathOf(name)) continue;
    await Deno.writeTextFile(path, turned(await Deno.readTextFile(path), chunks, name));
  }
  return true;
}

/** A list as `a,b as c`: what stands in front of each `as`, and behind it. */
function pairs(list = ""): readonly (readonly [string, string])[] {
  return list.split(",").filter((one) => one !== "").map((one) => {
    const [first = "", second = first] = one.split(" as ");
    return [first, second];
  });
}

function prefixed(chunk: string, name: string): string {
  return `${chunk.replace("-", "_")}_${name}`;
}
