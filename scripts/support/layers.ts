/**
 * Checks files against rules about layers; the rules themselves stand in `check_layers.ts`.
 *
 * @module
 */

import { findCycles } from "./cycles.ts";
import { findImports, findName, type Import } from "./source_scanner.ts";

/** A file, by its path from the project's root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A place where a rule is broken. */
export interface Violation {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly what: string;
}

/** A group of files that may import the same. */
export interface Layer {
  readonly name: string;
  /** Paths; a folder ends in `/`, and `*` stands for part of a name. */
  readonly files: readonly string[];
  /** Names of other layers. */
  readonly imports: readonly string[];
  /** Names of layers of which only types may be imported, with `import type`. */
  readonly types?: readonly string[];
  /** Names of packages without registry, version and subpath: `ssh2`, `@std/cli`, `node:*`. */
  readonly packages: readonly string[];
}

/** A name that only some layers may use, or that some may not. */
export interface NameRule {
  readonly name: string;
  readonly only?: readonly string[];
  readonly never?: readonly string[];
  readonly why: string;
}

/** Everything that is checked; `check_layers.ts` says what each rule is for. */
export interface Rules {
  readonly layers: readonly Layer[];
  readonly acyclic: readonly string[];
  readonly names: readonly NameRule[];
  readonly namesApplyTo: readonly string[];
  readonly late: { readonly packages: readonly string[]; readonly entries: readonly string[] };
  readonly mirrors: readonly { readonly tests: string; readonly source: string }[];
}

/** An import whose target is known. */
interface Edge {
  readonly from: SourceFile;
  readonly line: number;
  readonly kind: Import["kind"];
  /** The imported file, from the root; undefined where it is a package. */
  readonly file: string | undefined;
  /** The imported package's name; undefined where it is a file. */
  readonly package: string | undefined;
}

/** Returns where the files break the rules, by path and line. */
export function check(files: readonly SourceFile[], rules: Rules): Violation[] {
  const { edges, violations } = edgesOf(files);
  violations.push(
    ...files.flatMap((file) => checkPlace(file, rules)),
    ...edges.flatMap((edge) => checkEdge(edge, rules)),
    ...checkCycles(edges, rules),
    ...files.flatMap((file) => checkNames(file, rules)),
    ...checkLate(edges, rules),
    ...files.flatMap((file) => checkMirror(file, files, rules)),
  );
  return violations.sort((a, b) => compare(a.path, b.path) || a.line - b.line);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function edgesOf(files: readonly SourceFile[]): { edges: Edge[]; violations: Violation[] } {
  const edges: Edge[] = [];
  const violations: Violation[] = [];
  for (const from of files) {
    for (const { specifier, kind, line } of findImports(from.text)) {
      if (specifier === undefined) {
        const what = "import() of a name that is not a literal, which `deno compile` cannot see";
        violations.push({ path: from.path, line, what });
        continue;
      }
      const isFile = specifier.startsWith(".");
      edges.push({
        from,
        line,
        kind,
        file: isFile ? resolve(from.path, specifier) : undefined,
        package: isFile ? undefined : packageName(specifier),
      });
    }
  }
  return { edges, violations };
}

/** The path that `./` and `../` in an import lead to, from the root. */
function resolve(from: string, specifier: string): string {
  const segments = from.split("/").slice(0, -1);
  for (const segment of specifier.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== ".") segments.push(segment);
  }
  return segments.join("/");
}

/** `npm:ssh2@1.16.0/lib/x.js` is `ssh2`, `@std/cli/parse-args` is `@std/cli`, `node:fs` stays. */
function packageName(specifier: string): string {
  const match = /^(?:(?:npm|jsr):\/?)?((?:@[^/]+\/)?[^/@]+)/.exec(specifier);
  return match?.[1] ?? specifier;
}

function matches(path: string, pattern: string): boolean {
  if (pattern.endsWith("/")) return path.startsWith(pattern);
  const parts = pattern.split("*").map((part) => part.replace(/[.+^${}()|[\]\\?]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]*")}$`).test(path);
}

function matchesAny(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matches(path, pattern));
}

function layerOf(path: string, rules: Rules): Layer | undefined {
  return rules.layers.find((layer) => matchesAny(path, layer.files));
}

function checkPlace(file: SourceFile, rules: Rules): Violation[] {
  if (layerOf(file.path, rules) !== undefined) return [];
  const what = "belongs to no layer; scripts/check_layers.ts says who may import whom";
  return [{ path: file.path, line: 1, what }];
}

function checkEdge(edge: Edge, rules: Rules): Violation[] {
  const layer = layerOf(edge.from.path, rules);
  if (layer === undefined) return [];
  const refusal = edge.file === undefined
    ? refusePackage(edge.package ?? "", layer)
    : refuseFile(edge.file, edge.kind, layer, rules);
  if (refusal === undefined) return [];
  return [{ path: edge.from.path, line: edge.line, what: refusal }];
}

function refusePackage(name: string, layer: Layer): string | undefined {
  const allowed = layer.packages.some((pattern) => pattern === "*" || matches(name, pattern));
  return allowed ? undefined : `${layer.name} may not import the package ${name}`;
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
  if (!layer.types?.includes(target.name)) {
    return `${layer.name} may not import ${target.name} (${file})`;
  }
  if (kind === "type") return undefined;
  return `${layer.name} may import types of ${target.name} only, with "import type" (${file})`;
}

function checkCycles(edges: readonly Edge[], rules: Rules): Violation[] {
  const graph = new Map<string, string[]>();
  for (const { from, file } of edges) {
    if (file === undefined || !matchesAny(from.path, rules.acyclic)) continue;
    graph.set(from.path, [...graph.get(from.path) ?? [], file]);
  }
  return findCycles(graph).map((cycle) => {
    const [first = "", second = first] = cycle;
    const edge = edges.find(({ from, file }) => from.path === first && file === second);
    const what = `a cycle of imports: ${[...cycle, first].join(" -> ")}`;
    return { path: first, line: edge?.line ?? 1, what };
  });
}

function checkNames(file: SourceFile, rules: Rules): Violation[] {
  const layer = layerOf(file.path, rules);
  if (layer === undefined || !matchesAny(file.path, rules.namesApplyTo)) return [];
  return rules.names
    .filter(({ only, never }) =>
      only?.includes(layer.name) === false || never?.includes(layer.name) === true
    )
    .flatMap(({ name, why }) =>
      findName(file.text, name).map((line) => ({
        path: file.path,
        line,
        what: `${layer.name} may not use ${name}: ${why}`,
      }))
    );
}

/** Walks what each entry evaluates at its start. */
function checkLate(edges: readonly Edge[], rules: Rules): Violation[] {
  const violations: Violation[] = [];
  const seen = new Set<string>();
  const queue = [...rules.late.entries];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const edge of edges) {
      if (edge.from.path !== path || edge.kind !== "static") continue;
      if (edge.file !== undefined) queue.push(edge.file);
      if (edge.package === undefined || !rules.late.packages.includes(edge.package)) continue;
      const entries = rules.late.entries.join(" or ");
      const what =
        `${entries} evaluates the package ${edge.package} at its start; load this file with a literal import()`;
      violations.push({ path, line: edge.line, what });
    }
  }
  return violations;
}

function checkMirror(
  file: SourceFile,
  files: readonly SourceFile[],
  rules: Rules,
): Violation[] {
  const { path } = file;
  const mirror = rules.mirrors.find(({ tests }) => path.startsWith(tests));
  if (mirror === undefined || !path.endsWith("_test.ts")) return [];
  const words = path.slice(mirror.tests.length, -"_test.ts".length).split("_");
  for (let count = words.length; count > 0; count--) {
    const tested = mirror.source + words.slice(0, count).join("_");
    if (files.some((one) => one.path === `${tested}.ts` || one.path.startsWith(`${tested}/`))) {
      return [];
    }
  }
  const what = `tests nothing that is at the same place in ${mirror.source}`;
  return [{ path, line: 1, what }];
}
