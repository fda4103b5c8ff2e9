/**
 * The imports of all files, as `deno info` reports them.
 *
 * @module
 */

/** One import of a file. */
export interface Import {
  /** The importing file, by its path from the root. */
  readonly from: string;
  /** Counted from 1. */
  readonly line: number;
  /** When it is evaluated: with the file, by `import()`, or never, in the case of `import type`. */
  readonly kind: "static" | "dynamic" | "type";
  /** The imported file, from the root; undefined for a package. */
  readonly file: string | undefined;
  /** The package without registry, version and subpath; undefined for a file. */
  readonly package: string | undefined;
}

/** Files and their imports. */
export interface ModuleGraph {
  readonly files: readonly string[];
  readonly imports: readonly Import[];
}

/** The part of `deno info --json` that is read here. */
interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly Dependency[];
  }[];
}

interface Dependency {
  readonly specifier: string;
  readonly code?: Resolved;
  readonly type?: Resolved;
  readonly isDynamic?: boolean;
}

interface Resolved {
  readonly specifier?: string;
  readonly span?: { readonly start: { readonly line: number } };
}

/**
 * Reads the graph of all TypeScript files below some folders.
 *
 * @param root The project's folder, which ends in `/` and holds `deno.json`.
 * @param places Folders, which end in `/`, and files, from the root. One that does not exist is empty.
 * @throws {Error} If `deno info` fails.
 */
export async function readModuleGraph(
  root: string,
  places: readonly string[],
): Promise<ModuleGraph> {
  const files = existing(root, places).flatMap((place) => [...sources(root, place)]);
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const text = files.map((file) => `import "file://${root}${file}";\n`).join("");
    await Deno.writeTextFile(entry, text);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--quiet", "--json", "--config", `${root}deno.json`, entry],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as Info;
    const imports = modules.flatMap(({ specifier, dependencies = [] }) => {
      const from = pathBelow(root, specifier);
      if (from === undefined) return [];
      return dependencies.map((dependency) => importOf(root, from, dependency));
    });
    return { files, imports };
  } finally {
    await Deno.remove(entry);
  }
}

function importOf(root: string, from: string, dependency: Dependency): Import {
  const { specifier, code, type, isDynamic } = dependency;
  const resolved = code ?? type;
  const file = isPath(specifier) ? pathBelow(root, resolved?.specifier ?? "") : undefined;
  return {
    from,
    line: (resolved?.span?.start.line ?? 0) + 1,
    kind: code === undefined ? "type" : isDynamic ? "dynamic" : "static",
    file,
    package: file === undefined ? packageName(specifier) : undefined,
  };
}

function isPath(specifier: string): boolean {
  return specifier.startsWith(".") || specifier.startsWith("file:");
}

function pathBelow(root: string, url: string): string | undefined {
  const start = `file://${root}`;
  return url.startsWith(start) ? url.slice(start.length) : undefined;
}

/** `npm:ssh2@1.16.0/lib/x.js` is `ssh2`, `@std/cli/parse-args` is `@std/cli`, `node:fs` stays. */
function packageName(specifier: string): string {
  const match = /^(?:(?:npm|jsr):\/?)?((?:@[^/]+\/)?[^/@]+)/.exec(specifier);
  return match?.[1] ?? specifier;
}

function existing(root: string, places: readonly string[]): readonly string[] {
  const present = new Set(Array.from(Deno.readDirSync(root), ({ name }) => name));
  return places.filter((place) => present.has(place.replace("/", "")));
}

function* sources(root: string, place: string): Generator<string> {
  if (!place.endsWith("/")) {
    if (place.endsWith(".ts") && !place.endsWith(".d.ts")) yield place;
    return;
  }
  for (const entry of Deno.readDirSync(root + place)) {
    yield* sources(root, `${place}${entry.name}${entry.isDirectory ? "/" : ""}`);
  }
}
