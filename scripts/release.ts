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
 * It needs bash, git, GNU tar, gzip and dpkg-deb.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { DOCUMENTED } from "../lib/cli/manual/tables.ts";
import { compileProgram } from "./compile.ts";
import { cyclonedx, licenseTexts, readLock, withLicenses } from "./release/sbom.ts";
import { compilePlan, parseCompileArgs } from "./support/compile_plan.ts";
import { eprintLine, printLine } from "./support/print.ts";
import { runOk } from "./support/run.ts";

/** Architectures, as Debian calls them, and the targets of Deno. */
const TARGETS: Readonly<Record<string, string>> = {
  amd64: "x86_64-unknown-linux-gnu",
  arm64: "aarch64-unknown-linux-gnu",
};

/** Man pages and completions, by the arguments that print them. */
const DOCUMENTS: Readonly<Record<string, readonly string[]>> = {
  "sftpwrap.1": ["man"],
  ...Object.fromEntries(
    DOCUMENTED.map(({ name }) => [`sftpwrap-${name}.1`, ["man", name]]),
  ),
  sftpwrap: ["completions", "bash"],
  _sftpwrap: ["completions", "zsh"],
  "sftpwrap.fish": ["completions", "fish"],
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
    (await runOk("git", ["log", "-1", "--format=%ct"])).trim();
  const packages = await withLicenses(await readLock());
  // Nothing of it is in the folder before all is made.
  const work = await Deno.makeTempDir({ dir: output, prefix: ".release-" });
  const parts = `${work}/parts`;
  try {
    await Deno.mkdir(parts);
    await Deno.writeTextFile(`${parts}/THIRD-PARTY-LICENSES`, await licenseTexts(packages));
    let deno: string | undefined;
    for (const [arch, target] of Object.entries(TARGETS)) {
      if (only !== undefined && arch !== only) continue;
      const program = `${work}/sftpwrap-${version}-linux-${arch}`;
      const plan = compilePlan(parseCompileArgs(["--output", program, "--target", target]));
      const told = await compileProgram(plan);
      for (const line of told.slice(1)) {
        if (!line.startsWith("permission: ")) printLine(`${arch}: ${line}`);
      }
      if (deno === undefined) {
        deno = /Deno ([\d.]+)/.exec(told.join("\n"))?.[1] ?? "";
        for (const [name, words] of Object.entries(DOCUMENTS)) {
          await Deno.writeTextFile(`${parts}/${name}`, await runOk(program, words));
        }
      }
      const words = ["scripts/release/pack.sh", program, version, arch, parts];
      await runOk("bash", words, { env: { SOURCE_DATE_EPOCH: epoch } });
    }
    await Deno.remove(parts, { recursive: true });
    const sbom = cyclonedx(packages, { version, deno: deno ?? "", epoch });
    await Deno.writeTextFile(`${work}/sftpwrap-${version}.cdx.json`, sbom);
    const names = (await Array.fromAsync(Deno.readDir(work), ({ name }) => name)).sort();
    const sums = await runOk("sha256sum", names, { cwd: work });
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
