import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkLayers } from "../../scripts/check_layers.ts";

/** Checks a tree given as `{ path: text }`; a violation is one line as it is printed. */
function violations(tree: Record<string, string>): string[] {
  return checkLayers(Object.entries(tree).map(([path, text]) => ({ path, text })))
    .map(({ path, line, what }) => `${path}:${line}: ${what}`);
}

/** Asserts that a file may import this, where nothing else is in the tree. */
function assertAllowed(path: string, text: string): void {
  assertEquals(violations({ [path]: text }), []);
}

/** Asserts that a file may not import this, and how that is said. */
function assertRefused(path: string, text: string, what: string): void {
  assertEquals(violations({ [path]: text }), [`${path}:1: ${what}`]);
}

Deno.test("checkLayers() lets a tree pass that keeps the rules", () => {
  assertEquals(
    violations({
      "main.ts": `import { run } from "./lib/cli/run.ts";`,
      "lib/attrs.ts": `export interface FileAttrs { size?: number }`,
      "lib/async/maybe_promise.ts": `export type MaybePromise<T> = T | Promise<T>;`,
      "lib/wire/reader.ts": `import { decodeName } from "../names.ts";`,
      "lib/names.ts": `export function decodeName() {}`,
      "lib/session/table.ts": `import type { Reader } from "../wire/reader.ts";
        import type { Storage } from "../storage/storage.ts";`,
      "lib/storage/storage.ts": `import type { FileAttrs } from "../attrs.ts";`,
      "lib/storage/memory/memory.ts": `import type { Storage } from "./storage.ts";
        import { Tree } from "./memory/tree.ts";`,
      "lib/storage/memory/tree.ts": `export class Tree {}`,
      "lib/linux/libc.ts": `Deno.dlopen("libc.so.6", {});`,
      "lib/storage/proxy/proxy.ts": `import { Client } from "../../client/client.ts";
        const { connect } = await import("./connect.ts");`,
      "lib/storage/proxy/connect.ts": `import ssh2 from "npm:ssh2@1.16.0";`,
      "lib/client/client.ts": `import { Reader } from "../wire/reader.ts";`,
      "lib/policy/read_only.ts": `import type { Row } from "../session/table.ts";`,
      "lib/serve/serve.ts": `import "../session/table.ts"; Deno.stdout.writeSync(reply);`,
      "lib/mod.ts": `export * from "./serve/serve.ts"; export * from "./storage/proxy/proxy.ts";`,
      "lib/cli/run.ts": `import { parseArgs } from "@std/cli/parse-args";
        import { serve } from "../serve/serve.ts";
        const { GridFs } = await import("../storage/gridfs/gridfs.ts");`,
      "lib/storage/gridfs/gridfs.ts": `import { MongoClient } from "npm:mongodb@6";`,
      "scripts/bench.ts": `import { Client } from "../lib/client/client.ts"; Deno.stdout;`,
      "tests/wire/reader_test.ts": `import { Reader } from "../../lib/wire/reader.ts";
        import { assert } from "@std/assert"; import ssh2 from "npm:ssh2@1.16.0";`,
    }),
    [],
  );
});

Deno.test("checkLayers() says where a rule is broken", () => {
  assertEquals(
    violations({
      "lib/wire/a.ts": `// A comment.\n\nimport {\n  b,\n} from "../storage/path.ts";`,
    }),
    ["lib/wire/a.ts:3: wire may not import contract (lib/storage/path.ts)"],
  );
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ["lib/wire/a.ts", "../session/status.ts", "wire may not import session (lib/session/status.ts)"],
  ["lib/wire/a.ts", "../async/maybe_promise.ts", "wire may not import async"],
  ["lib/attrs.ts", "./wire/reader.ts", "nouns may not import wire"],
  ["lib/session/a.ts", "../storage/memory/memory.ts", "session may not import memory"],
  ["lib/session/a.ts", "../storage/local/jail.ts", "session may not import local"],
  ["lib/session/a.ts", "../client/client.ts", "session may not import client"],
  ["lib/session/a.ts", "../policy/read_only.ts", "session may not import policy"],
  ["lib/storage/storage.ts", "../wire/constants.ts", "contract may not import wire"],
  ["lib/storage/errors.ts", "./memory/memory.ts", "contract may not import memory"],
  ["lib/storage/memory/a.ts", "../local/jail.ts", "memory may not import local"],
  ["lib/storage/local/a.ts", "../memory/memory.ts", "local may not import memory"],
  ["lib/storage/local/a.ts", "../../session/log.ts", "local may not import session"],
  ["lib/storage/local/a.ts", "../../wire/reader.ts", "local may not import wire"],
  ["lib/storage/local/a.ts", "../../client/client.ts", "local may not import client"],
  ["lib/storage/proxy/a.ts", "../../wire/reader.ts", "proxy may not import wire"],
  ["lib/storage/proxy/a.ts", "../gridfs/gridfs.ts", "proxy may not import gridfs"],
  ["lib/storage/gridfs/a.ts", "../../client/client.ts", "gridfs may not import client"],
  ["lib/client/a.ts", "../session/status.ts", "client may not import session"],
  ["lib/client/a.ts", "../storage/errors.ts", "client may not import contract"],
  ["lib/policy/a.ts", "../serve/serve.ts", "policy may not import serve"],
  ["lib/audit/a.ts", "../storage/local/jail.ts", "audit may not import local"],
  ["lib/serve/serve.ts", "../storage/local/jail.ts", "serve may not import local"],
  ["lib/cli/a.ts", "../wire/constants.ts", "cli may not import wire"],
  ["lib/cli/a.ts", "../../scripts/demo.ts", "cli may not import scripts"],
  ["lib/mod.ts", "../tests/support/a.ts", "mod may not import support"],
  ["lib/mod.ts", "./cli/jail.ts", "mod may not import cli"],
  ["main.ts", "./tests/support/a.ts", "main may not import support"],
  ["scripts/a.ts", "../tests/wire/a.ts", "scripts may not import tests"],
  ["lib/wire/a.ts", "npm:left-pad@1", "wire may not import the package left-pad"],
  ["lib/session/a.ts", "node:fs", "session may not import the package node:fs"],
  ["lib/storage/proxy/proxy.ts", "npm:ssh2@1.16.0", "proxy may not import the package ssh2"],
  ["lib/storage/local/jail.ts", "npm:/mongodb@6", "local may not import the package mongodb"],
  ["lib/cli/a.ts", "jsr:@std/assert@1/equals", "cli may not import the package @std/assert"],
  ["lib/session/a.ts", "../elsewhere/a.ts", "session imports lib/elsewhere/a.ts, which belongs to"],
];

for (const [path, specifier, what] of REFUSED) {
  Deno.test(`checkLayers() refuses ${specifier} in ${path}`, () => {
    for (
      const text of [
        `import { a } from "${specifier}";`,
        `export type { A } from "${specifier}";`,
        `await import("${specifier}");`,
      ]
    ) {
      const [first = "", ...others] = violations({ [path]: text });
      assertEquals(others, []);
      assertStringIncludes(first, `${path}:1: ${what}`);
    }
  });
}

Deno.test("checkLayers() lets a layer import types of another, and nothing else", () => {
  for (
    const [path, target, what] of [
      ["lib/policy/a.ts", "../wire/requests.ts", "policy may import types of wire only"],
    ] as const
  ) {
    assertAllowed(path, `import type { A } from "${target}";`);
    const file = target.replace("..", "lib");
    for (const text of [`import { A } from "${target}";`, `let a: import("${target}").A;`]) {
      assertRefused(path, text, `${what}, with "import type" (${file})`);
    }
  }
});

Deno.test("checkLayers() wants a layer for every file", () => {
  for (const path of ["lib/extra/a.ts", "lib/storage/memory2/a.ts", "lib/extra.ts"]) {
    assertRefused(
      path,
      "",
      "belongs to no layer; scripts/check_layers.ts says who may import whom",
    );
  }
});

Deno.test("checkLayers() refuses an import() that is not a literal", () => {
  assertRefused(
    "lib/cli/a.ts",
    "await import(name);",
    "import() of a name that is not a literal, which `deno compile` cannot see",
  );
});

Deno.test("checkLayers() refuses a cycle, also one of types", () => {
  assertEquals(
    violations({
      "lib/session/a.ts": `\nimport { b } from "./b.ts";`,
      "lib/session/b.ts": `import type { C } from "./c.ts";`,
      "lib/session/c.ts": `export type { A } from "./a.ts";`,
    }),
    [
      "lib/session/a.ts:2: a cycle of imports: lib/session/a.ts -> lib/session/b.ts -> " +
      "lib/session/c.ts -> lib/session/a.ts",
    ],
  );
});

Deno.test("checkLayers() refuses Deno in what is the same on every runtime", () => {
  const what = "may not use Deno: this layer is the same on every runtime and touches nothing " +
    "outside itself";
  for (
    const [path, layer] of [
      ["lib/attrs.ts", "nouns"],
      ["lib/names.ts", "nouns"],
      ["lib/wire/a.ts", "wire"],
      ["lib/session/a.ts", "session"],
      ["lib/client/a.ts", "client"],
      ["lib/storage/path.ts", "contract"],
      ["lib/storage/memory/memory.ts", "memory"],
      ["lib/storage/memory/a.ts", "memory"],
    ] as const
  ) {
    assertRefused(path, `Deno.statSync("/");`, `${layer} ${what}`);
    assertRefused(path, `const { env } = globalThis.Deno;`, `${layer} ${what}`);
    assertAllowed(path, `const name = "Deno"; // Deno.stat`);
  }
});

Deno.test("checkLayers() leaves dlopen to the room of the system's library", () => {
  const text = `Deno.dlopen("libc.so.6", {});`;
  assertAllowed("lib/linux/libc.ts", text);
  assertRefused(
    "lib/storage/local/accounts.ts",
    text,
    "local may not use dlopen: one room alone calls the system's libraries",
  );
});

Deno.test("checkLayers() leaves stdout to the wire", () => {
  const text = `Deno.stdout.writeSync(bytes);`;
  assertAllowed("lib/serve/serve.ts", text);
  assertAllowed("lib/transport/stdio.ts", text);
  assertAllowed("scripts/demo.ts", text);
  assertRefused("lib/cli/a.ts", text, "cli may not use Deno.stdout: stdout is the wire");
  assertRefused(
    "lib/cli/a.ts",
    "process.stdout;",
    "cli may not use process.stdout: stdout is the wire",
  );
  assertAllowed("lib/cli/a.ts", "child.stdout;");
});

Deno.test("checkLayers() refuses console everywhere in lib and in main", () => {
  const what = "may not use console: it writes to stdout, which is the wire";
  assertRefused("lib/serve/serve.ts", "console.log(1);", `serve ${what}`);
  assertRefused("main.ts", "console.log(1);", `main ${what}`);
});

Deno.test("checkLayers() refuses a dependency that every session would evaluate", () => {
  const tree = {
    "lib/storage/proxy/connect.ts": `import ssh2 from "npm:ssh2@1.16.0";`,
    "lib/storage/proxy/proxy.ts": `import { connect } from "./connect.ts";`,
  };
  const what =
    "lib/storage/proxy/connect.ts:1: main.ts or lib/mod.ts or lib/storage/proxy/mod.ts evaluates " +
    "the package ssh2 at its start; load this file with a literal import()";
  assertEquals(
    violations({ ...tree, "main.ts": `import { Proxy } from "./lib/storage/proxy/proxy.ts";` }),
    [what],
  );
  assertEquals(
    violations({ ...tree, "lib/mod.ts": `export * from "./storage/proxy/proxy.ts";` }),
    [what],
  );
  assertEquals(
    violations({ ...tree, "main.ts": `await import("./lib/storage/proxy/proxy.ts");` }),
    [],
  );
  assertEquals(
    violations({ ...tree, "main.ts": `import type { P } from "./lib/storage/proxy/proxy.ts";` }),
    [],
  );
});

Deno.test("checkLayers() wants a test to stand where what it tests stands", () => {
  const lib = { "lib/wire/reader.ts": "", "lib/storage/local/portable/root.ts": "" };
  for (
    const path of [
      "tests/wire/reader_test.ts",
      "tests/wire/reader_mutations_test.ts",
      "tests/storage/local_test.ts",
      "tests/storage/local/portable/root_links_test.ts",
      "tests/wire/packets.ts",
      "tests/clients/lftp_test.ts",
    ]
  ) assertEquals(violations({ ...lib, [path]: "" }), []);
  for (
    const [path, source] of [
      ["tests/wire/read_test.ts", "lib/wire/"],
      ["tests/wire/local/portable/root_test.ts", "lib/wire/"],
      ["tests/storage/root_test.ts", "lib/storage/"],
      ["tests/session/reader_test.ts", "lib/session/"],
    ] as const
  ) {
    assertEquals(violations({ ...lib, [path]: "" }), [
      `${path}:1: tests nothing that is at the same place in ${source}`,
    ]);
  }
});
