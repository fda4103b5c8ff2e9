/**
 * The imports of all files, as `deno info` reports them.
 *
 * @module
 */

import { existsSync, readdirSync } from "node:fs";
import { runOk } from "./run.ts";

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
interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly Dependency[];
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
 * Reads the graph of all TypeScript files in some folders.
 *
 * @param root The project's folder, which ends in `/` and holds `deno.json`.
 * @param places Folders, which end in `/`, and files, from the root. One that does not exist is empty.
 * @throws {TypeError} If `deno info` fails.
 */
export async function readModuleGraph(
  root: string,
  places: readonly string[],
): Promise<ModuleGraph> {
  const files = places.filter((place) => existsSync(root + place)).flatMap((place) =>
    place.endsWith("/")
      ? readdirSync(root + place, { recursive: true }).map((name) => `${place}${name}`)
      : [place]
  ).filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const text = files.map((file) => `import "file://${root}${file}";\n`).join("");
    await Deno.writeTextFile(entry, text);
    const words = ["info", "--quiet", "--json", "--config", `${root}deno.json`, entry];
    const { modules } = JSON.parse(await runOk(Deno.execPath(), words));
    const imports = modules.flatMap(({ specifier, dependencies = [] }: Module) => {
      const from = pathBelow(root, specifier);
      return from === undefined ? [] : dependencies.map((one) => importOf(root, from, one));
    });
    return { files, imports };
  } finally {
    await Deno.remove(entry);
  }
}

function importOf(
  root: string,
  from: string,
  { specifier, code, type, isDynamic }: Dependency,
): Import {
  const resolved = code ?? type;
  const file = /^(\.|file:)/.test(specifier)
    ? pathBelow(root, resolved?.specifier ?? "")
    : undefined;
  return {
    from,
    line: (resolved?.span?.start.line ?? 0) + 1,
    kind: code === undefined ? "type" : isDynamic ? "dynamic" : "static",
    file,
    package: file === undefined ? packageName(specifier) : undefined,
  };
}

function pathBelow(root: string, url: string): string | undefined {
  const start = `file://${root}`;
  return url.startsWith(start) ? url.slice(start.length) : undefined;
}

/** `npm:ssh2@1.16.0/lib/x.js` is `ssh2`, `@std/cli/parse-args` is `@std/cli`, `node:fs` stays. */
function packageName(specifier: string): string {
  return /^(?:(?:npm|jsr):\/?)?((?:@[^/]+\/)?[^/@]+)/.exec(specifier)?.[1] ?? specifier;
}
