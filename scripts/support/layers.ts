/**
 * Checks a graph of modules against rules; the rules themselves are in `check_layers.ts`.
 *
 * @module
 */

import type { Import, ModuleGraph } from "./module_graph.ts";

/** A line that breaks a rule. */
export interface Violation {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly what: string;
}

/** A group of files with the same permitted imports. */
export interface Layer {
  readonly name: string;
  /** Paths from the root; a folder ends in `/`. */
  readonly files: readonly string[];
  /** Names of other layers. */
  readonly imports: readonly string[];
  /** Names of layers whose types alone may be imported, with `import type`. */
  readonly types: readonly string[];
  /** Names of packages without registry, version and subpath; `*` is any, `node:*` any of Node's. */
  readonly packages: readonly string[];
}

/** All rules; `check_layers.ts` says what each is for. */
export interface Rules {
  readonly layers: readonly Layer[];
  readonly late: { readonly packages: readonly string[]; readonly entries: readonly string[] };
  /** Folders of tests, and the folders that they mirror. */
  readonly mirrors: readonly { readonly tests: string; readonly source: string }[];
  /** The most files that a folder below `lib/` may hold, not counting its subfolders. */
  readonly mostFiles: number;
}

/** Returns where the graph breaks the rules, by path and line. */
export function check(graph: ModuleGraph, rules: Rules): Violation[] {
  return [
    ...graph.files.flatMap((path) => checkPlace(path, rules)),
    ...graph.imports.flatMap((one) => checkImport(one, rules)),
    ...checkCycles(graph.imports),
    ...checkLate(graph.imports, rules),
    ...checkFolders(graph.files, rules),
    ...graph.files.flatMap((path) => checkMirror(path, graph.files, rules)),
  ].sort((a, b) => compare(a.path, b.path) || a.line - b.line);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A file belongs to the first layer that names it. */
function layerOf(path: string, { layers }: Rules): Layer | undefined {
  return layers.find(({ files }) =>
    files.some((one) => one.endsWith("/") ? path.startsWith(one) : path === one)
  );
}

function checkPlace(path: string, rules: Rules): Violation[] {
  if (layerOf(path, rules) !== undefined) return [];
  const what = "belongs to no layer; scripts/check_layers.ts says who may import whom";
  return [{ path, line: 1, what }];
}

function checkImport(one: Import, rules: Rules): Violation[] {
  const layer = layerOf(one.from, rules);
  if (layer === undefined) return [];
  const what = one.file === undefined
    ? refusePackage(one.package ?? "", layer)
    : refuseFile(one.file, one.kind, layer, rules);
  return what === undefined ? [] : [{ path: one.from, line: one.line, what }];
}

function refusePackage(name: string, layer: Layer): string | undefined {
  const isAllowed = layer.packages.some((one) =>
    one === "*" || one === name || (one === "node:*" && name.startsWith("node:"))
  );
  return isAllowed ? undefined : `${layer.name} may not import the package ${name}`;
}

function refuseFile(
  file: string,
  kind: Import["kind"],
  layer: Layer,
  rules: Rules,
): string | undefined {
  const target = layerOf(file, rules);
  if (target === undefined) return `${layer.name} imports ${file}, which belongs to no layer`;
  if (target === layer || layer.imports.includes(target.name)) return undefined;
  if (!layer.types.includes(target.name)) {
    return `${layer.name} may not import ${target.name} (${file})`;
  }
  if (kind === "type") return undefined;
  return `${layer.name} may import types of ${target.name} only, with "import type" (${file})`;
}

/** No file of `lib/` imports itself through others; an import of a type counts too. */
function checkCycles(imports: readonly Import[]): Violation[] {
  let edges = imports.filter(({ from, file }) => from.startsWith("lib/") && file !== undefined);
  // A file that imports none of those left is in no cycle.
  for (let count = -1; count !== edges.length;) {
    count = edges.length;
    const importing = new Set(edges.map(({ from }) => from));
    edges = edges.filter(({ file = "" }) => importing.has(file));
  }
  const path: Import[] = [];
  for (let edge = edges[0]; edge !== undefined && !path.includes(edge);) {
    path.push(edge);
    const next = edge.file;
    edge = edges.find(({ from }) => from === next);
  }
  const end = path.at(-1)?.file;
  const cycle = path.slice(path.findIndex(({ from }) => from === end));
  if (cycle[0] === undefined) return [];
  const files = [...cycle.map(({ from }) => from), end].join(" -> ");
  return [{ path: cycle[0].from, line: cycle[0].line, what: `a cycle of imports: ${files}` }];
}

/** Visits what each entry evaluates at its start. */
function checkLate(imports: readonly Import[], { late }: Rules): Violation[] {
  const violations: Violation[] = [];
  const seen = new Set<string>(late.entries);
  for (const path of seen) {
    for (const one of imports) {
      if (one.from !== path || one.kind !== "static") continue;
      if (one.file !== undefined) seen.add(one.file);
      if (one.package === undefined || !late.packages.includes(one.package)) continue;
      const what = `${late.entries.join(" or ")} evaluates the package ${one.package} at its ` +
        "start; load this file with a literal import()";
      violations.push({ path, line: one.line, what });
    }
  }
  return violations;
}

function checkFolders(files: readonly string[], { mostFiles }: Rules): Violation[] {
  const own = files.filter((path) => path.startsWith("lib/"));
  const folders = Map.groupBy(own, (path) => path.slice(0, path.lastIndexOf("/") + 1));
  return [...folders].flatMap(([path, { length }]) => {
    const what = `holds ${length} files, more than ${mostFiles}: it needs rooms`;
    return length > mostFiles ? [{ path, line: 1, what }] : [];
  });
}

/** `tests/wire/reader_of_bytes_test.ts` is for `lib/wire/reader.ts` or a folder `lib/wire/reader/`. */
function checkMirror(path: string, files: readonly string[], { mirrors }: Rules): Violation[] {
  const mirror = mirrors.find(({ tests }) => path.startsWith(tests));
  if (mirror === undefined || !path.endsWith("_test.ts")) return [];
  const words = path.slice(mirror.tests.length, -"_test.ts".length).split("_");
  const names = words.map((_, index) => mirror.source + words.slice(0, index + 1).join("_"));
  const isMirror = names.some((name) =>
    files.some((one) => one === `${name}.ts` || one.startsWith(`${name}/`))
  );
  if (isMirror) return [];
  return [{ path, line: 1, what: `tests nothing that is at the same place in ${mirror.source}` }];
}
