import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { cyclonedx, packagesOf } from "../../../scripts/release/sbom.ts";
import { PROJECT } from "../../guide/pages.ts";

const lock = JSON.parse(await Deno.readTextFile(`${PROJECT}deno.lock`));
const facts = { version: "1.2.3", deno: "2.6.0", epoch: "1700000000" };

Deno.test("packagesOf() tells what is in the program from what is only downloaded", () => {
  const packages = packagesOf(lock);
  const named = (scope: string) =>
    packages.filter((one) => one.scope === scope).map(({ name }) => name);
  assertEquals(named("optional"), ["buildcheck", "cpu-features", "nan"]);
  assertEquals(named("excluded"), ["@types/webidl-conversions", "@types/whatwg-url"]);
  for (const name of ["deno-std", "mongodb", "ssh2", "tweetnacl", "punycode", "memory-pager"]) {
    assert(named("required").includes(name), name);
  }
  assertEquals(packages.length, Object.keys(lock.npm).length);
});

Deno.test("packagesOf() takes digests as deno.lock has them, and only SHA-512", () => {
  const one = (integrity: string) =>
    packagesOf({ specifiers: {}, npm: { "@a/b@1.0": { integrity } } });
  assertEquals(one("sha512-AAEC/w=="), [{
    name: "@a/b",
    version: "1.0",
    sha512: "000102ff",
    dependencies: [],
    scope: "optional",
  }]);
  assertThrows(() => one("sha1-AAEC/w=="), TypeError, "sha1");
});

Deno.test("the SBOM has each package once, and every reference in it leads to one", () => {
  const bom = JSON.parse(cyclonedx(packagesOf(lock), facts));
  assertEquals([bom.bomFormat, bom.specVersion, bom.version], ["CycloneDX", "1.5", 1]);
  assertEquals(bom.metadata.timestamp, "2023-11-14T22:13:20.000Z");
  assertEquals(bom.metadata.component.version, "1.2.3");
  const refs = new Set<string>([bom.metadata.component["bom-ref"]]);
  for (const component of bom.components) {
    assert(!refs.has(component["bom-ref"]), component.purl);
    refs.add(component["bom-ref"]);
    assert(["library", "platform"].includes(component.type));
    assert(["required", "optional", "excluded"].includes(component.scope));
    if (component.type === "platform") continue;
    assertMatch(component.purl, /^pkg:npm\/(?:%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+$/);
    assertEquals(component.hashes.map(({ alg }: { alg: string }) => alg), ["SHA-512"]);
    assertMatch(component.hashes[0].content, /^[\da-f]{128}$/);
  }
  for (const { ref, dependsOn } of bom.dependencies) {
    for (const one of [ref, ...dependsOn]) assert(refs.has(one), one);
  }
  assertEquals(bom.dependencies[0].dependsOn, [
    "pkg:github/denoland/deno@v2.6.0",
    "pkg:npm/aws4fetch@1.0.20",
    "pkg:npm/deno-std@1.4.0",
    "pkg:npm/mongodb@7.9.0",
    "pkg:npm/ssh2@1.17.0",
  ]);
});
