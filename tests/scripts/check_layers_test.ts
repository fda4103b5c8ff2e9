import { assertEquals } from "@std/assert";
import { checkLayers } from "../../scripts/check_layers.ts";
import { withTempDir } from "../support/files.ts";

/** Checks a tree given as `{ path: text }`; a violation is one line as it is printed. */
async function violations(tree: Record<string, string>): Promise<string[]> {
  return await withTempDir(async (directory) => {
    const config = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
    for (const [path, text] of Object.entries({ ...tree, "deno.json": config })) {
      const parent = `${directory}/${path}`.replace(/\/[^/]*$/, "");
      await Deno.mkdir(parent, { recursive: true });
      await Deno.writeTextFile(`${directory}/${path}`, text);
    }
    return (await checkLayers(`${directory}/`))
      .map(({ path, line, what }) => `${path}:${line}: ${what}`);
  });
}

Deno.test("checkLayers() lets a tree pass that keeps the rules", async () => {
  assertEquals(
    await violations({
      "main.ts": `import { run } from "./lib/cli/run.ts";`,
      "lib/attrs.ts": `export interface FileAttrs { size?: number }`,
      "lib/async/maybe_promise.ts": `export type MaybePromise<T> = T | Promise<T>;`,
      "lib/wire/reader.ts": `import { decodeName } from "../names.ts";`,
      "lib/names.ts": `export function decodeName() {}`,
      "lib/session/table.ts": `import type { Reader } from "../wire/reader.ts";
        import type { Storage } from "../storage/storage.ts";`,
      "lib/storage/storage.ts": `import type { FileAttrs } from "../attrs.ts";`,
      "lib/storage/memory/memory.ts": `import type { Storage } from "../storage.ts";`,
      "lib/storage/proxy/proxy.ts": `import { Client } from "../../client/client.ts";
        const { connect } = await import("./ssh2/connect_ssh2.ts");`,
      "lib/storage/proxy/ssh2/connect_ssh2.ts": `import ssh2 from "ssh2";`,
      "lib/client/client.ts": `import { Reader } from "../wire/reader.ts";`,
      "lib/policy/read_only.ts": `import type { Row } from "../session/table.ts";
        import type { Reader } from "../wire/reader.ts";`,
      "lib/serve/serve.ts": `import "../session/table.ts";`,
      "lib/mod.ts": `export * from "./serve/serve.ts"; export * from "./storage/proxy/proxy.ts";`,
      "lib/cli/run.ts": `import { serve } from "../serve/serve.ts";
        const { GridFs } = await import("../storage/gridfs/gridfs.ts");`,
      "lib/storage/gridfs/gridfs.ts": `import { MongoClient } from "mongodb";`,
      "tests/wire/reader_of_bytes_test.ts": `import { Reader } from "../../lib/wire/reader.ts";`,
      "tests/storage/memory_test.ts": `import ssh2 from "ssh2";`,
    }),
    [],
  );
});

Deno.test("checkLayers() says who may not import what, and where", async () => {
  assertEquals(
    await violations({
      "lib/attrs.ts": `import "./wire/reader.ts";`,
      "lib/client/a.ts": `import "../storage/errors.ts";`,
      "lib/cli/a.ts": `import "../wire/reader.ts";`,
      "lib/policy/a.ts": `// A comment.\n\nimport {\n  b,\n} from "../wire/reader.ts";`,
      "lib/session/a.ts": `export type { A } from "../storage/memory/a.ts";
        import "node:fs";`,
      "lib/storage/errors.ts": "",
      "lib/storage/local/a.ts": `await import("../memory/a.ts");
        import "mongodb";`,
      "lib/storage/memory/a.ts": "",
      "lib/wire/reader.ts": `import "../elsewhere/a.ts";`,
    }),
    [
      "lib/attrs.ts:1: nouns may not import wire (lib/wire/reader.ts)",
      "lib/cli/a.ts:1: cli may not import wire (lib/wire/reader.ts)",
      "lib/client/a.ts:1: client may not import contract (lib/storage/errors.ts)",
      "lib/policy/a.ts:5: policy may import types of wire only, with " +
      `"import type" (lib/wire/reader.ts)`,
      "lib/session/a.ts:1: session may not import memory (lib/storage/memory/a.ts)",
      "lib/session/a.ts:2: session may not import the package node:fs",
      "lib/storage/local/a.ts:1: local may not import memory (lib/storage/memory/a.ts)",
      "lib/storage/local/a.ts:2: local may not import the package mongodb",
      "lib/wire/reader.ts:1: wire imports lib/elsewhere/a.ts, which belongs to no layer",
    ],
  );
});

Deno.test("checkLayers() wants a layer for every file, and rooms for many", async () => {
  const many = Array.from({ length: 19 }, (_, index) => [`lib/wire/f${index}.ts`, ""]);
  assertEquals(await violations({ ...Object.fromEntries(many), "lib/extra/a.ts": "" }), [
    "lib/extra/a.ts:1: belongs to no layer; scripts/check_layers.ts says who may import whom",
    "lib/wire/:1: holds 19 files, more than 18: it needs rooms",
  ]);
});

Deno.test("checkLayers() refuses a cycle, also one of types", async () => {
  assertEquals(
    await violations({
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

Deno.test("checkLayers() refuses a dependency that every session would evaluate", async () => {
  const tree = {
    "lib/storage/proxy/ssh2/connect_ssh2.ts": `import ssh2 from "ssh2";`,
    "lib/storage/proxy/proxy.ts": `import { connect } from "./ssh2/connect_ssh2.ts";`,
  };
  const what =
    "lib/storage/proxy/ssh2/connect_ssh2.ts:1: main.ts or lib/mod.ts or lib/storage/proxy/mod.ts evaluates " +
    "the package ssh2 at its start; load this file with a literal import()";
  const main = (text: string) => violations({ ...tree, "main.ts": text });
  assertEquals(await main(`import { P } from "./lib/storage/proxy/proxy.ts";`), [what]);
  assertEquals(await main(`await import("./lib/storage/proxy/proxy.ts");`), []);
  assertEquals(await main(`import type { P } from "./lib/storage/proxy/proxy.ts";`), []);
});

Deno.test("checkLayers() wants a test to stand where what it tests stands", async () => {
  assertEquals(
    await violations({
      "lib/wire/reader.ts": "",
      "lib/storage/local/portable/root.ts": "",
      "tests/storage/local/portable/root_links_test.ts": "",
      "tests/storage/root_test.ts": "",
      "tests/wire/packets.ts": "",
      "tests/wire/read_test.ts": "",
    }),
    [
      "tests/storage/root_test.ts:1: tests nothing that is at the same place in lib/storage/",
      "tests/wire/read_test.ts:1: tests nothing that is at the same place in lib/wire/",
    ],
  );
});
