/**
 * The licenses of all that is in a program: of the packages, from Deno's cache, and of Deno itself.
 *
 * @module
 */

import type { Package } from "./sbom.ts";
import { run } from "./run.ts";

/** What has no file with its license: Deno, V8, and `deno-std`, which is a copy of Deno's. */
const NOTICES = new URL("./notices.txt", import.meta.url);

const RULE = "-".repeat(80);

/** Where Deno keeps a package. */
async function cacheFolder(): Promise<string> {
  const { npmCache } = JSON.parse(await run(Deno.execPath(), ["info", "--json"]));
  return `${npmCache}/registry.npmjs.org`;
}

/** The packages with the licenses that they tell. */
export async function withLicenses(packages: readonly Package[]): Promise<Package[]> {
  const cache = await cacheFolder();
  return packages.map((one) => {
    let text: string;
    try {
      text = Deno.readTextFileSync(`${cache}/${one.name}/${one.version}/package.json`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound && one.scope !== "required") return one;
      throw error;
    }
    const { license, licenses } = JSON.parse(text);
    const told = license ?? licenses?.[0]?.type;
    return typeof told === "string" ? { ...one, license: told } : one;
  });
}

/** The text for all that is in the program. */
export async function licenseTexts(packages: readonly Package[]): Promise<string> {
  const cache = await cacheFolder();
  const parts = [(await Deno.readTextFile(NOTICES)).trimEnd()];
  for (const { name, version, scope, license } of packages) {
    if (scope !== "required" || name === "deno-std") continue;
    const folder = `${cache}/${name}/${version}`;
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    const file = names.sort().find((name) => /^licen[cs]e/i.test(name));
    if (file === undefined) throw new TypeError(`${name} ${version} has no file with its license`);
    const text = (await Deno.readTextFile(`${folder}/${file}`)).trim();
    parts.push(`${name} ${version} (${license})\n\n${text}`);
  }
  return `${parts.join(`\n\n${RULE}\n\n`)}\n`;
}
