/**
 * Keeps the rules of the house: who imports whom, and what only one place may use.
 *
 *     deno run --allow-read scripts/check_layers.ts
 *
 * Prints each violation as `file:line: what` and exits 1 where there is one. The tables below are
 * the rules; to open a new folder in `lib/`, give it a row.
 *
 * @module
 */

import {
  check,
  type Layer,
  type Rules,
  type SourceFile,
  type Violation,
} from "./support/layers.ts";
import { printLine } from "./support/print.ts";

/** Small words that every layer may speak. */
const NOUNS = ["nouns", "async"];

/** All of `lib/` but `wire/`, for those who put the parts together. */
const PARTS = [
  ...NOUNS,
  "session",
  "client",
  "contract",
  "linux",
  "memory",
  "local",
  "proxy",
  "connect",
  "gridfs",
  "policy",
  "audit",
  "transport",
  "serve",
  "testing",
  "mod",
];

/**
 * The layers. A file belongs to the first layer with a pattern that it matches: a folder ends in
 * `/`, and `*` stands for part of a name. It may import files of its own layer, files of the layers
 * in `imports`, types of the layers in `types`, and the packages in `packages`.
 */
const LAYERS: readonly Layer[] = [
  { name: "nouns", files: ["lib/attrs.ts", "lib/names.ts"], imports: [], packages: [] },
  { name: "async", files: ["lib/async/"], imports: [], packages: [] },

  // SFTP as bytes. It does not know what a file system is.
  { name: "wire", files: ["lib/wire/"], imports: ["nouns"], packages: [] },

  // What a storage promises; every backend and the session know only this of each other.
  {
    name: "contract",
    files: [
      "lib/storage/storage.ts",
      "lib/storage/entries.ts",
      "lib/storage/errors.ts",
      "lib/storage/errno.ts",
      "lib/storage/path.ts",
      "lib/storage/read_only.ts",
      "lib/storage/to_write.ts",
    ],
    imports: NOUNS,
    packages: [],
  },

  // The system's library: the only room with FFI.
  { name: "linux", files: ["lib/linux/"], imports: [...NOUNS, "contract"], packages: [] },

  // The two ends of a conversation. Neither names a backend.
  {
    name: "session",
    files: ["lib/session/"],
    imports: [...NOUNS, "wire", "contract"],
    packages: ["node:crypto"],
  },
  { name: "client", files: ["lib/client/"], imports: [...NOUNS, "wire"], packages: [] },

  // The backends. None knows another.
  {
    name: "memory",
    files: ["lib/storage/memory/"],
    imports: [...NOUNS, "contract"],
    packages: [],
  },
  {
    name: "local",
    files: ["lib/storage/local/"],
    imports: [...NOUNS, "contract", "linux"],
    packages: ["node:*"],
  },
  {
    name: "connect",
    files: ["lib/storage/proxy/connect.ts"],
    imports: [...NOUNS, "contract", "client", "proxy"],
    packages: ["ssh2"],
  },
  {
    name: "proxy",
    files: ["lib/storage/proxy/"],
    imports: [...NOUNS, "contract", "client", "connect"],
    packages: ["@std/streams", "node:*"],
  },
  {
    name: "gridfs",
    files: ["lib/storage/gridfs/"],
    imports: [...NOUNS, "contract"],
    packages: ["mongodb", "node:*"],
  },

  // Functions over rows: what is allowed, and who did what. What a decoded request means, a policy
  // asks the session.
  {
    name: "policy",
    files: ["lib/policy/"],
    imports: [...NOUNS, "contract", "session"],
    types: ["wire"],
    packages: [],
  },
  {
    name: "audit",
    files: ["lib/audit/"],
    imports: [...NOUNS, "contract", "session", "linux"],
    packages: [],
  },

  // The parts put together. What ssh2 or ssh are given is a transport, too.
  {
    name: "transport",
    files: ["lib/transport/"],
    imports: [...NOUNS, "contract", "linux", "client"],
    types: ["proxy"],
    packages: ["node:*"],
  },
  {
    name: "serve",
    files: ["lib/serve/"],
    imports: [...NOUNS, "wire", "session", "contract", "policy", "audit", "transport"],
    packages: [],
  },

  // Tests for authors of storages.
  {
    name: "testing",
    files: ["lib/testing/"],
    imports: [...NOUNS, "contract"],
    packages: ["@std/assert"],
  },

  { name: "mod", files: ["lib/mod.ts"], imports: [...PARTS, "wire"], packages: [] },
  {
    name: "cli",
    files: ["lib/cli/"],
    imports: [...PARTS, "project"],
    packages: ["@std/cli", "@std/streams", "node:*"],
  },
  {
    name: "main",
    files: ["main.ts"],
    imports: [...PARTS, "cli", "project"],
    packages: ["@std/cli", "@std/streams"],
  },

  // Around the program.
  { name: "std", files: ["lib/std/"], imports: [], packages: ["deno-std"] },
  { name: "project", files: ["deno.json"], imports: [], packages: [] },
  {
    name: "scripts",
    files: ["scripts/"],
    imports: [...PARTS, "wire", "cli", "main", "project", "support"],
    packages: ["*"],
  },
  // Real servers and programs, for the tests and for the benchmark.
  {
    name: "support",
    files: ["tests/support/"],
    imports: [...PARTS, "wire", "cli", "main", "project", "scripts"],
    packages: ["*"],
  },
  {
    name: "tests",
    files: ["tests/"],
    imports: [...PARTS, "wire", "cli", "main", "project", "scripts", "support"],
    packages: ["*"],
  },
];

/** The rules beside the layers. */
const RULES: Rules = {
  layers: LAYERS,

  // No file of these folders imports itself, over whatever way; an import of a type counts too.
  acyclic: ["lib/"],

  // Names in the code that only these layers may use (`only`), or that these may not (`never`).
  // Tests and scripts may use what they like.
  names: [
    {
      name: "Deno",
      never: ["nouns", "async", "wire", "contract", "session", "client", "memory"],
      why: "this layer is the same on every runtime and touches nothing outside itself",
    },
    { name: "dlopen", only: ["linux"], why: "one room alone calls the system's libraries" },
    { name: "Deno.stdout", only: ["serve", "transport"], why: "stdout is the wire" },
    { name: "process.stdout", only: ["serve", "transport"], why: "stdout is the wire" },
    { name: "console", only: [], why: "it writes to stdout, which is the wire" },
  ],
  namesApplyTo: ["lib/", "main.ts"],

  // Packages that a session must not pay for unless its backend needs them: whatever `entries`
  // evaluate at their start reaches none of these; a literal `import()` does it later.
  late: {
    packages: ["ssh2", "mongodb"],
    entries: ["main.ts", "lib/mod.ts", "lib/storage/proxy/mod.ts"],
  },

  // A test stands where what it tests stands: tests/wire/reader_test.ts, or
  // tests/wire/reader_of_something_test.ts, for lib/wire/reader.ts or a folder lib/wire/reader/.
  mirrors: [
    { tests: "tests/async/", source: "lib/async/" },
    { tests: "tests/linux/", source: "lib/linux/" },
    { tests: "tests/transport/", source: "lib/transport/" },
    { tests: "tests/serve/", source: "lib/serve/" },
    { tests: "tests/wire/", source: "lib/wire/" },
    { tests: "tests/session/", source: "lib/session/" },
    { tests: "tests/storage/", source: "lib/storage/" },
    { tests: "tests/client/", source: "lib/client/" },
    { tests: "tests/cli/", source: "lib/cli/" },
    { tests: "tests/policy/", source: "lib/policy/" },
    { tests: "tests/audit/", source: "lib/audit/" },
    { tests: "tests/testing/", source: "lib/testing/" },
    { tests: "tests/scripts/", source: "scripts/" },
    { tests: "tests/support/", source: "tests/support/" },
  ],
};

/** Checks a tree of files, named from the project's root, against the rules. */
export function checkLayers(files: readonly SourceFile[]): Violation[] {
  return check(files, RULES);
}

/** Reads the TypeScript files below a folder, or one file. */
function* readSources(root: URL, path: string): Generator<SourceFile> {
  if (!path.endsWith("/")) {
    if (path.endsWith(".ts")) yield { path, text: Deno.readTextFileSync(new URL(path, root)) };
    return;
  }
  for (const entry of Deno.readDirSync(new URL(path, root))) {
    yield* readSources(root, `${path}${entry.name}${entry.isDirectory ? "/" : ""}`);
  }
}

function main(): number {
  const root = new URL("../", import.meta.url);
  const present = new Set([...Deno.readDirSync(root)].map((entry) => entry.name));
  const files = ["lib/", "main.ts", "scripts/", "tests/"]
    .filter((path) => present.has(path.replace("/", "")))
    .flatMap((path) => [...readSources(root, path)]);
  const violations = checkLayers(files);
  for (const { path, line, what } of violations) printLine(`${path}:${line}: ${what}`);
  return violations.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main());
