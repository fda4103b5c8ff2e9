import { assertEquals } from "@std/assert";
import { mergeChunks, mergeOf, turned } from "../../../scripts/support/merged_chunks.ts";
import { withTempDir } from "../../support/files.ts";

/** A bundle as the bundler makes it: `policies` is loaded later, and shares two chunks. */
const BUNDLE: Readonly<Record<string, string>> = {
  "jail": `import{a as x,b}from"./chunk-AAA1.js";import"./chunk-BBB2.js";` +
    `var p=()=>import("./policies-CCC3.js");export{x as jailCommand};\n`,
  "chunk-AAA1": `import{$ as y}from"./chunk-BBB2.js";var q=y,$=1;export{q as a,$ as b};\n`,
  "chunk-BBB2": `var e="export{no}";export{e as $};\n`,
  "policies-CCC3": `import{b as t,a}from"./chunk-AAA1.js";import"./chunk-BBB2.js";` +
    `import{z}from"./chunk-DDD4.js";export{t as policiesFor};\n`,
  "chunk-DDD4": `var z=4;export{z};\n`,
};

Deno.test("mergeOf() finds the chunks that an entry needs, and exports what they export", async () => {
  assertEquals(await mergeOf("jail", (name) => Promise.resolve(BUNDLE[name]!)), {
    chunks: ["chunk-AAA1", "chunk-BBB2"],
    later: ["./policies-CCC3.js"],
    text: `export*from"./jail.js";\n` +
      `export{a as chunk_AAA1_a,b as chunk_AAA1_b}from"./chunk-AAA1.js";\n` +
      `export{$ as chunk_BBB2_$}from"./chunk-BBB2.js";\n`,
  });
});

Deno.test("turned() turns the imports from merged chunks to the entry, and no others", () => {
  assertEquals(
    turned(BUNDLE["policies-CCC3"]!, ["chunk-AAA1", "chunk-BBB2"], "jail"),
    `import{chunk_AAA1_b as t,chunk_AAA1_a as a}from"./jail.js";import"./jail.js";` +
      `import{z}from"./chunk-DDD4.js";export{t as policiesFor};\n`,
  );
});

Deno.test("mergeChunks() leaves the entry, and what is loaded later", async () => {
  await withTempDir(async (directory) => {
    for (const [name, text] of Object.entries(BUNDLE)) {
      await Deno.writeTextFile(`${directory}/${name}.js`, text);
    }
    const asked: (readonly string[])[] = [];
    const went = await mergeChunks(["bundle"], { directory, name: "jail" }, async (words) => {
      asked.push(words);
      await Deno.mkdir(`${directory}/merged`);
      await Deno.writeTextFile(`${directory}/merged/jail-merging.js`, "whole");
      return true;
    });
    assertEquals(went, true);
    assertEquals(asked, [[
      "bundle",
      "--external=./policies-CCC3.js",
      "--outdir",
      `${directory}/merged`,
      `${directory}/jail-merging.js`,
    ]]);
    const left = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
    assertEquals(left.sort(), ["chunk-DDD4.js", "jail.js", "merged", "policies-CCC3.js"]);
    assertEquals(await Deno.readTextFile(`${directory}/jail.js`), "whole");
  });
});

Deno.test("mergeChunks() has nothing to do where the entry has no chunks", async () => {
  await withTempDir(async (directory) => {
    await Deno.writeTextFile(`${directory}/jail.js`, "export{}");
    const went = await mergeChunks([], { directory, name: "jail" }, () => Promise.resolve(false));
    assertEquals(went, true);
  });
});
