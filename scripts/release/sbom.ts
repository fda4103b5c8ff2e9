/**
 * What a release contains, from `deno.lock` and Deno's cache: as a CycloneDX SBOM, and its licenses.
 *
 * @module
 */

import { runOk } from "../support/run.ts";

/** What has no file with its license: Deno, V8, and `deno-std`, which is a copy of Deno's. */
const NOTICES = new URL("./notices.txt", import.meta.url);

/** A package of npm. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** The digest of its archive: SHA-512, in hex. */
  readonly sha512: string;
  /** What it needs, as `NAME@VERSION`. */
  readonly dependencies: readonly string[];
  /** `required` is in the program, `optional` is downloaded and never used, `excluded` is types. */
  readonly scope: "required" | "optional" | "excluded";
  /** The SPDX name that its `package.json` tells. */
  readonly license?: string;
}

/** A lock file of Deno: what is imported, and everything of npm that it needs. */
interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<
    Record<string, {
      readonly integrity: string;
      readonly dependencies?: readonly string[];
      readonly optionalDependencies?: readonly string[];
    }>
  >;
}

/** The packages of `deno.lock`. */
export async function readLock(): Promise<Package[]> {
  return packagesOf(JSON.parse(await Deno.readTextFile("deno.lock")));
}

/** The packages of a lock file, in its order. */
export function packagesOf({ npm, specifiers }: Lock): Package[] {
  const keys = Object.keys(npm);
  const keyOf = (word: string) => {
    const key = keys.find((key) => key === word || key.startsWith(`${word}@`));
    if (key === undefined) throw new TypeError(`deno.lock does not hold ${word}`);
    return key;
  };
  const isTypes = (key: string) => key.startsWith("@types/");
  const direct = Object.entries(specifiers)
    .map(([name, version]) => keyOf(`${name.replace(/^npm:|(?<=.)@[^@]*$/g, "")}@${version}`));
  const reached = new Set(direct);
  for (const key of reached) {
    const needed = npm[key]?.dependencies?.map(keyOf) ?? [];
    for (const one of needed) if (!isTypes(one)) reached.add(one);
  }
  return Object.entries(npm).map(([key, entry]) => {
    const at = key.lastIndexOf("@");
    const { integrity, dependencies = [], optionalDependencies = [] } = entry;
    const [algorithm, base64 = ""] = integrity.split(/-(.*)/s);
    if (algorithm !== "sha512") throw new TypeError(`deno.lock has a digest by ${algorithm}`);
    return {
      name: key.slice(0, at),
      version: key.slice(at + 1),
      sha512: Uint8Array.fromBase64(base64).toHex(),
      dependencies: [...dependencies, ...optionalDependencies].map(keyOf),
      scope: reached.has(key) ? "required" : isTypes(key) ? "excluded" : "optional",
    };
  });
}

/** Where Deno keeps its packages. */
async function cacheFolder(): Promise<string> {
  const { npmCache } = JSON.parse(await runOk(Deno.execPath(), ["info", "--json"]));
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

/** The licenses of all that is in the program, as one text. */
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
  return `${parts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

/** The SBOM as CycloneDX 1.5, in JSON; `deno` is the version of Deno in the program. */
export function cyclonedx(
  packages: readonly Package[],
  { version, deno, epoch }: Readonly<Record<"version" | "deno" | "epoch", string>>,
): string {
  const component = (type: string, name: string, version: string, purl: string, id?: string) => ({
    ...{ type, "bom-ref": purl, name, version, purl },
    ...id === undefined ? {} : { licenses: [{ license: { id } }] },
  });
  const self = component(
    "application",
    "sftpwrap",
    version,
    `pkg:generic/sftpwrap@${version}`,
    "MIT",
  );
  const runtime = component("platform", "deno", deno, `pkg:github/denoland/deno@v${deno}`, "MIT");
  const components = packages.map((one) => ({
    ...component(
      "library",
      one.name,
      one.version,
      `pkg:npm/${one.name.replace("@", "%40")}@${one.version}`,
      one.license,
    ),
    scope: one.scope,
    hashes: [{ alg: "SHA-512", content: one.sha512 }],
  }));
  const refs = new Map(components.map(({ name, version, purl }) => [`${name}@${version}`, purl]));
  const needed = new Set(packages.flatMap(({ dependencies }) => dependencies));
  const direct = [...refs].filter(([key]) => !needed.has(key)).map(([, ref]) => ref);
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.5.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { timestamp: new Date(Number(epoch) * 1000).toISOString(), component: self },
    components: [{ ...runtime, scope: "required" }, ...components],
    dependencies: [
      { ref: self.purl, dependsOn: [runtime.purl, ...direct] },
      ...packages.map(({ dependencies }, index) => ({
        ref: components[index]?.purl,
        dependsOn: dependencies.flatMap((key) => refs.get(key) ?? []),
      })),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
