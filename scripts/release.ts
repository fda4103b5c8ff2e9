/**
 * Builds a release: `deno task release`.
 *
 *     deno task release                  for amd64 and arm64, into dist/
 *     --only amd64                       for one of them
 *     --output DIR                       into another folder
 *
 * For each: the program, a `.tar.gz` and a `.deb`; beside them an SBOM and the SHA-256 sums of all.
 * It compiles as `deno task compile` does (see there for $DENORT_BIN). All times in the files are
 * the commit's, or $SOURCE_DATE_EPOCH, so that the same commit gives the same bytes.
 *
 * It needs git, GNU tar, gzip and dpkg-deb.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { compileProgram } from "./compile.ts";
import { makeDeb, makeTarball } from "./release/archives.ts";
import { licenseTexts, withLicenses } from "./release/licenses.ts";
import { cyclonedx, readLock } from "./release/sbom.ts";
import { type Documents, readDocuments } from "./release/documents.ts";
import { compilePlan } from "./support/compile_plan.ts";
import { eprintLine, printLine } from "./support/print.ts";
import { run } from "./release/run.ts";

/** Architectures, as Debian calls them, and the targets of Deno. */
const TARGETS: Readonly<Record<string, string>> = {
  amd64: "x86_64-unknown-linux-gnu",
  arm64: "aarch64-unknown-linux-gnu",
};

async function release(args: readonly string[]): Promise<void> {
  const { only, output = "dist" } = parseArgs([...args], {
    string: ["only", "output"],
    unknown: (word) => {
      throw new TypeError(`unknown argument ${word}`);
    },
  });
  if (only !== undefined && !(only in TARGETS)) throw new TypeError(`--only ${only} is not known`);
  Deno.umask(0o022);
  await Deno.mkdir(output, { recursive: true });
  const { version } = JSON.parse(await Deno.readTextFile("deno.json"));
  const epoch = Deno.env.get("SOURCE_DATE_EPOCH") ||
    (await run("git", ["log", "-1", "--format=%ct"])).trim();
  const packages = await withLicenses(await readLock());
  const licenses = await licenseTexts(packages);
  // Nothing of it is in the folder before all is made.
  const work = await Deno.makeTempDir({ dir: output, prefix: ".release-" });
  try {
    let documents: Documents | undefined;
    let deno = "";
    for (const [arch, target] of Object.entries(TARGETS)) {
      if (only !== undefined && arch !== only) continue;
      const program = `${work}/sftpwrap-${version}-linux-${arch}`;
      const options = {
        jail: undefined,
        readOnly: false,
        jailOptions: [],
        output: program,
        target,
      };
      const told = await compileProgram(compilePlan(options));
      for (const line of told.slice(1)) {
        if (!line.startsWith("permission: ")) printLine(`${arch}: ${line}`);
      }
      deno ||= /Deno ([\d.]+)/.exec(told.join("\n"))?.[1] ?? "";
      documents ??= await readDocuments(program, licenses);
      const made = { work, version, arch, epoch, program, documents };
      await makeTarball(made);
      await makeDeb(made);
    }
    const sbom = cyclonedx(packages, { version, deno, epoch });
    await Deno.writeTextFile(`${work}/sftpwrap-${version}.cdx.json`, sbom);
    const names = (await Array.fromAsync(Deno.readDir(work), ({ name }) => name)).sort();
    const sums = await run("sha256sum", names, { cwd: work });
    await Deno.writeTextFile(`${work}/SHA256SUMS`, sums);
    for (const name of [...names, "SHA256SUMS"]) {
      await Deno.rename(`${work}/${name}`, `${output}/${name}`);
    }
    printLine(sums.trimEnd());
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    await release(Deno.args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    eprintLine(`release: ${error.message}`);
    Deno.exit(1);
  }
}
