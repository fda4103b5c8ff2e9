/**
 * What a release contains, from `deno.lock`: as data, and as a CycloneDX SBOM.
 *
 * @module
 */

/** A package of npm. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** The digest of its archive: SHA-512, in hex. */
  readonly sha512: string;
  /** What it needs, as `NAME@VERSION`. */
  readonly dependencies: readonly string[];
  /**
   * `required` is in the program; `optional` is downloaded, and never built nor loaded; `excluded`
   * is types.
   */
  readonly scope: "required" | "optional" | "excluded";
  /** The SPDX name that its `package.json` tells. */
  readonly license?: string;
}

interface LockEntry {
  readonly integrity: string;
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
}

/** The packages of `deno.lock`. */
export async function readLock(): Promise<Package[]> {
  return packagesOf(JSON.parse(await Deno.readTextFile("deno.lock")));
}

/** The packages of a lock file, in its order. */
export function packagesOf(
  { npm, specifiers }: {
    readonly npm: Readonly<Record<string, LockEntry>>;
    readonly specifiers: Readonly<Record<string, string>>;
  },
): Package[] {
  const keys = Object.keys(npm);
  const keyOf = (word: string) => {
    const key = keys.find((key) => key === word || key.startsWith(`${word}@`));
    if (key === undefined) throw new TypeError(`deno.lock does not hold ${word}`);
    return key;
  };
  const reached = new Set<string>();
  const reach = (word: string): void => {
    const key = keyOf(word);
    if (reached.has(key) || isTypes(key)) return;
    reached.add(key);
    npm[key]?.dependencies?.forEach(reach);
  };
  for (const [specifier, version] of Object.entries(specifiers)) {
    reach(`${specifier.replace(/^npm:|(?<=.)@[^@]*$/g, "")}@${version}`);
  }
  return Object.entries(npm).map(([key, entry]) => {
    const at = key.lastIndexOf("@");
    return {
      name: key.slice(0, at),
      version: key.slice(at + 1),
      sha512: hexOf(entry.integrity),
      dependencies: [...entry.dependencies ?? [], ...entry.optionalDependencies ?? []].map(keyOf),
      scope: reached.has(key) ? "required" : isTypes(key) ? "excluded" : "optional",
    };
  });
}

function isTypes(key: string): boolean {
  return key.startsWith("@types/");
}

function hexOf(integrity: string): string {
  const [algorithm, base64 = ""] = integrity.split(/-(.*)/s);
  if (algorithm !== "sha512") throw new TypeError(`deno.lock has a digest by ${algorithm}`);
  return Uint8Array.fromBase64(base64).toHex();
}

/** The address of a package, as package-url has it. */
function purl({ name, version }: Pick<Package, "name" | "version">): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** The SBOM as CycloneDX 1.5, in JSON. */
export function cyclonedx(
  packages: readonly Package[],
  { version, deno, epoch }: {
    readonly version: string;
    /** The version of Deno that is in the program. */
    readonly deno: string;
    readonly epoch: string;
  },
): string {
  const self = `pkg:generic/sftpwrap@${version}`;
  const runtime = `pkg:github/denoland/deno@v${deno}`;
  const mit = [{ license: { id: "MIT" } }];
  const refs = new Map(packages.map((one) => [`${one.name}@${one.version}`, purl(one)]));
  const needed = new Set(packages.flatMap(({ dependencies }) => dependencies));
  const direct = [...refs].filter(([key]) => !needed.has(key)).map(([, ref]) => ref);
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.5.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: new Date(Number(epoch) * 1000).toISOString(),
      component: {
        type: "application",
        "bom-ref": self,
        name: "sftpwrap",
        version,
        licenses: mit,
        purl: self,
      },
    },
    components: [
      {
        type: "platform",
        "bom-ref": runtime,
        name: "deno",
        version: deno,
        scope: "required",
        licenses: mit,
        purl: runtime,
      },
      ...packages.map((one) => ({
        type: "library",
        "bom-ref": purl(one),
        name: one.name,
        version: one.version,
        scope: one.scope,
        hashes: [{ alg: "SHA-512", content: one.sha512 }],
        ...one.license === undefined ? {} : { licenses: [{ license: { id: one.license } }] },
        purl: purl(one),
      })),
    ],
    dependencies: [
      { ref: self, dependsOn: [runtime, ...direct] },
      ...packages.map((one) => ({
        ref: purl(one),
        dependsOn: one.dependencies.flatMap((key) => refs.get(key) ?? []),
      })),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
