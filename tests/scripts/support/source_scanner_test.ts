import { assertEquals } from "@std/assert";
import {
  blank,
  findImports,
  findName,
  type Import,
} from "../../../scripts/support/source_scanner.ts";

/** Each form of import, and what is to be found in it. */
const FORMS: readonly (readonly [string, Import["kind"], string])[] = [
  [`import "./a.ts";`, "static", "./a.ts"],
  [`import a from "./a.ts";`, "static", "./a.ts"],
  [`import a, { b as c } from './a.ts';`, "static", "./a.ts"],
  [`import * as a from "npm:ssh2@1.16.0";`, "static", "npm:ssh2@1.16.0"],
  [`import{a}from"./a.ts";`, "static", "./a.ts"],
  [`import { type A } from "./a.ts";`, "static", "./a.ts"],
  [`import type from "./a.ts";`, "static", "./a.ts"],
  [`import config from "../deno.json" with { type: "json" };`, "static", "../deno.json"],
  [`import type { A } from "./a.ts";`, "type", "./a.ts"],
  [`import type A from "./a.ts";`, "type", "./a.ts"],
  [`import type * as a from "./a.ts";`, "type", "./a.ts"],
  [`export * from "./a.ts";`, "static", "./a.ts"],
  [`export * as a from "./a.ts";`, "static", "./a.ts"],
  [`export { a } from "./a.ts";`, "static", "./a.ts"],
  [`export type { A } from "./a.ts";`, "type", "./a.ts"],
  [`export type * from "./a.ts";`, "type", "./a.ts"],
  [`const { a } = await import("./a.ts");`, "dynamic", "./a.ts"],
  [`import(/* late */ "./a.ts")`, "dynamic", "./a.ts"],
  [`let a: import("./a.ts").A;`, "dynamic", "./a.ts"],
  ["const a = `${await import('./a.ts')}`;", "dynamic", "./a.ts"],
];

for (const [text, kind, specifier] of FORMS) {
  Deno.test(`findImports() finds ${text}`, () => {
    assertEquals(findImports(text), [{ specifier, kind, line: 1 }]);
  });
}

Deno.test("findImports() finds an import over several lines at its first", () => {
  assertEquals(findImports(`// first\nimport {\n  a, // of "./b.ts"\n  c,\n} from "./a.ts";\n`), [
    { specifier: "./a.ts", kind: "static", line: 2 },
  ]);
});

Deno.test("findImports() tells a declaration from the import after it", () => {
  const text = `export enum A { b, c }\nimport type { D } from "./d.ts";\n`;
  assertEquals(findImports(text), [{ specifier: "./d.ts", kind: "type", line: 2 }]);
});

Deno.test("findImports() reports a dynamic import whose name is not a literal", () => {
  assertEquals(findImports(`\nawait import(name);`), [
    { specifier: undefined, kind: "dynamic", line: 2 },
  ]);
});

for (
  const text of [
    `// import "./a.ts";`,
    `/* import "./a.ts"; */`,
    `const a = 'import "./a.ts"';`,
    'const a = `import "./a.ts"`;',
    `const a = /import "x"/;`,
    `export default "./a.ts";`,
    `export const from = "./a.ts";`,
    `const a = import.meta.url + "./a.ts";`,
    `loader.import("./a.ts");`,
    `const a = { reimport(b: "./a.ts") {} };`,
  ]
) {
  Deno.test(`findImports() finds nothing in ${text}`, () => {
    assertEquals(findImports(text), []);
  });
}

Deno.test("blank() keeps the length, the lines and the code", () => {
  assertEquals(
    blank("a; // b\n/* c\n */ d('e\\'f', \"g\");\n`h ${i({ j: `k` })} l`;"),
    "a;     \n    \n    d('    ', \" \");\n`  ${i({ j: ` ` })}  `;",
  );
});

Deno.test("blank() tells a regular expression from a division", () => {
  assertEquals(
    blank(`a = b / c; d = /"[/]'/g; e / f; // g`),
    `a = b / c; d = /     /g; e / f;     `,
  );
  assertEquals(blank(`return /"/.test(a);`), `return / /.test(a);`);
  assertEquals(blank(`(a) / 2 + b[0] / "c".length;`), `(a) / 2 + b[0] / " ".length;`);
});

Deno.test("blank() comes to the end of what is never closed", () => {
  assertEquals(blank("a `b ${c"), "a `  ${c");
  assertEquals(blank("a /* b"), "a     ");
  assertEquals(blank("a 'b\nc"), "a ' \nc");
});

Deno.test("findName() finds a name with its dots, however it is written", () => {
  const text = "Deno.stdout;\nglobalThis.Deno\n  .stdout;\nDeno?.stdout;\n";
  assertEquals(findName(text, "Deno.stdout"), [1, 2, 4]);
});

Deno.test("findName() finds whole names only, and none in comments and strings", () => {
  const text = `myDeno.stdout; Deno.stdouts; // Deno.stdout\n"Deno.stdout"; child.stdout;`;
  assertEquals(findName(text, "Deno.stdout"), []);
  assertEquals(findName("`${Deno.stdout}`", "Deno.stdout"), [1]);
});
