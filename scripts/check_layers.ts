/**
 * Checks the rules of the house: which file may import which, and where a file belongs.
 *
 *     deno run --no-prompt -A scripts/check_layers.ts
 *
 * Prints each violation as `file:line: what` and exits 1 if there is one. The tables below are
 * the rules; to open a new folder in `lib/`, give it a row. `deno lint` checks
 * what only one room may name (`scripts/lint/house.ts`).
 *
 * @module
 */

import { check, type Layer, type Rules, type Violation } from "./support/layers.ts";
import { readModuleGraph } from "./support/module_graph.ts";
import { printLine } from "./support/print.ts";

/** Types and helpers that every layer may import. */
const NOUNS = ["nouns", "async"];

/** The interface of a storage, and its types. */
const CONTRACT = [...NOUNS, "contract"];

/** Calls of the system, the numbers of its errors, and what Deno allows this process. */
const SYSTEM = ["linux", "errno", "permissions"];

/** All of `lib/` but `wire/`, for the layers that put the parts together. */
const PARTS = [
  ...[...CONTRACT, ...SYSTEM, "session", "client", "memory", "local", "ssh2", "proxy", "remote"],
  ...["gridfs", "s3-client", "s3", "atomic", "policy", "quota", "sessions", "audit", "hooks"],
  ...["transport", "serve", "testing", "mod"],
];

/** All of the program, for tests and scripts. */
const PROGRAM = [...PARTS, "wire", "cli", "main", "project"];

/**
 * The layers. A file belongs to the first layer that names it or its folder. It may import files of
 * its own layer, files of the layers in `imports`, types of the layers in `types`, and the packages
 * in `packages`.
 */
const LAYERS: readonly Layer[] = [
  layer("nouns", ["lib/attrs.ts", "lib/message_of.ts", "lib/names.ts"]),
  layer("async", ["lib/async/"]),
  layer("permissions", ["lib/permissions.ts"]),

  // SFTP as bytes. It does not know what a file system is.
  layer("wire", ["lib/wire/"], { imports: ["nouns"] }),

  // The numbers of the system's errors, which are all that the contract knows of it.
  layer("errno", ["lib/linux/errno.ts"]),

  // The interface of a storage. A backend and the session know nothing else of each other.
  layer(
    "contract",
    [
      "storage",
      "entries",
      "errors",
      "errno",
      "filtered_storage",
      "finished_upload",
      "path",
      "read_only",
      "to_write",
      "walk",
    ]
      .map((name) => `lib/storage/${name}.ts`),
    { imports: [...NOUNS, "errno"] },
  ),

  // The only room with FFI. It imports no other room.
  layer("linux", ["lib/linux/"], { imports: ["errno", "permissions"] }),

  // The two ends of a conversation. Neither names a backend.
  layer("session", ["lib/session/"], { imports: [...CONTRACT, "wire"], packages: ["node:crypto"] }),
  layer("client", ["lib/client/"], { imports: [...NOUNS, "wire"] }),

  // The backends. None imports another.
  layer("memory", ["lib/storage/memory/"], { imports: CONTRACT }),
  layer("local", ["lib/storage/local/"], {
    imports: [...CONTRACT, ...SYSTEM],
    packages: ["node:*"],
  }),
  layer("ssh2", ["lib/storage/proxy/ssh2/"], {
    imports: [...CONTRACT, "client", "proxy"],
    packages: ["ssh2", "node:*"],
  }),
  layer("proxy", ["lib/storage/proxy/"], {
    imports: [...CONTRACT, "client", "ssh2"],
    packages: ["@std/streams", "node:*"],
  }),
  // What storages that keep whole paths as names have in common.
  layer("remote", ["lib/storage/remote/"], { imports: CONTRACT }),
  layer("gridfs", ["lib/storage/gridfs/"], {
    imports: [...CONTRACT, "remote"],
    packages: ["mongodb", "node:*"],
  }),
  layer("s3-client", ["lib/storage/s3/client/", "lib/storage/s3/credentials/"], {
    imports: [...CONTRACT, "permissions"],
    packages: ["aws4fetch", "node:*"],
  }),
  layer("s3", ["lib/storage/s3/"], { imports: [...CONTRACT, "remote", "s3-client"] }),

  // What is around any storage.
  layer("atomic", ["lib/atomic/"], { imports: CONTRACT }),

  // Functions over rows: what is allowed, and what was done by whom.
  layer("policy", ["lib/policy/"], { imports: [...CONTRACT, "session"], types: ["wire"] }),
  layer("sessions", ["lib/sessions/"], {
    imports: [...CONTRACT, ...SYSTEM, "local"],
    types: ["policy"],
  }),
  layer("audit", ["lib/audit/"], { imports: [...CONTRACT, ...SYSTEM, "session"] }),

  // What a storage may hold.
  layer("quota", ["lib/quota/"], { imports: [...CONTRACT, "errno", "linux"] }),
  // Commands that are run when something happens.
  layer("hooks", ["lib/hooks/"], {
    imports: [...CONTRACT, ...SYSTEM, "session", "audit", "atomic"],
  }),

  // The parts put together. What connects this program to a client or to a remote server is a
  // transport.
  layer("transport", ["lib/transport/"], {
    imports: [...CONTRACT, ...SYSTEM, "client"],
    packages: ["node:*"],
  }),
  layer("serve", ["lib/serve/"], {
    imports: [...CONTRACT, "wire", "session", "policy", "audit", "transport"],
  }),

  // Tests for authors of storages.
  layer("testing", ["lib/testing/"], { imports: CONTRACT, packages: ["@std/assert"] }),

  layer("mod", ["lib/mod.ts"], { imports: [...PARTS, "wire"] }),
  layer("cli", ["lib/cli/"], {
    imports: [...PARTS, "project"],
    packages: ["@std/cli", "@std/streams", "node:*"],
  }),
  layer("main", ["main.ts"], { imports: [...PARTS, "cli", "project"] }),

  // Around the program.
  layer("std", ["lib/std/"], { packages: ["deno-std"] }),
  layer("project", ["deno.json"]),
  layer("scripts", ["scripts/"], { imports: [...PROGRAM, "support"], packages: ["*"] }),
  layer("support", ["tests/support/"], { imports: [...PROGRAM, "scripts"], packages: ["*"] }),
  layer("tests", ["tests/"], { imports: [...PROGRAM, "scripts", "support"], packages: ["*"] }),
];

function layer(
  name: string,
  files: readonly string[],
  may: Partial<Pick<Layer, "imports" | "types" | "packages">> = {},
): Layer {
  return { name, files, imports: [], types: [], packages: [], ...may };
}

/** Rooms of `lib/` whose tests are at the same place in `tests/`. */
const MIRRORED = [
  ...["async", "atomic", "audit", "cli", "client", "hooks", "linux", "policy", "quota", "serve"],
  ...["session", "sessions", "storage", "testing", "transport", "wire"],
];

/** The rules beside the layers. */
const RULES: Rules = {
  layers: LAYERS,

  // Packages that only some backends need. Nothing that `entries` evaluate at their start may import
  // one; a literal `import()` loads it later.
  late: {
    packages: ["ssh2", "mongodb", "aws4fetch"],
    entries: ["main.ts", "lib/mod.ts", "lib/storage/proxy/mod.ts"],
  },

  // A test is at the same place as what it tests.
  mirrors: [
    { tests: "tests/support/", source: "tests/support/" },
    { tests: "tests/scripts/", source: "scripts/" },
    ...MIRRORED.map((room) => ({ tests: `tests/${room}/`, source: `lib/${room}/` })),
  ],

  mostFiles: 18,
};

/** Checks the tree of files below a folder, which ends in `/`, against the rules. */
export async function checkLayers(root: string): Promise<Violation[]> {
  return check(await readModuleGraph(root, ["lib/", "main.ts", "scripts/", "tests/"]), RULES);
}

async function main(): Promise<number> {
  const violations = await checkLayers(new URL("../", import.meta.url).pathname);
  for (const { path, line, what } of violations) printLine(`${path}:${line}: ${what}`);
  return violations.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
