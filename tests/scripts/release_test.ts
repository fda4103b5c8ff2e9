/** A release, built as `deno task release` does it. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { needsCompile } from "../support/binaries.ts";
import { QUICK, release } from "../support/release.ts";
import { run, runOk } from "../support/run.ts";
import { withTempDir } from "../support/files.ts";
import { namesIn } from "../support/jail_fixture.ts";

Deno.test({
  name: "a release has program, archive, package, SBOM and their sums, and installs what it says",
  ...needsCompile("dpkg-deb", "tar", "gzip", "git", "sha256sum"),
  fn: () =>
    withTempDir(async (folder) => {
      const version = await release(folder, ["--only", "amd64"], QUICK);
      const base = `sftpwrap-${version}-linux-amd64`;
      const deb = `${folder}/sftpwrap_${version}_amd64.deb`;
      assertEquals(namesIn(folder).sort(), [
        "SHA256SUMS",
        base,
        `${base}.tar.gz`,
        `sftpwrap-${version}.cdx.json`,
        `sftpwrap_${version}_amd64.deb`,
      ]);
      await runOk("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: folder });
      const told = await runOk(`${folder}/${base}`, ["--version"]);
      const field = (name: string) => runOk("dpkg-deb", ["--field", deb, name]);
      assertEquals(await field("Depends"), "libc6 (>= 2.27), libgcc-s1\n");
      assertEquals(await field("Version"), `${version}\n`);

      await runOk("dpkg-deb", ["--extract", deb, `${folder}/root`]);
      const root = `${folder}/root/usr`;
      assertEquals(await runOk(`${root}/bin/sftpwrap`, ["--version"]), told);
      await runOk("dpkg-deb", ["--control", deb, `${folder}/DEBIAN`]);
      await runOk("md5sum", ["--check", "--strict", `${folder}/DEBIAN/md5sums`], {
        cwd: `${folder}/root`,
      });
      const copyright = await Deno.readTextFile(`${root}/share/doc/sftpwrap/copyright`);
      for (const name of ["Deno", "V8", "ssh2 1", "mongodb 7", "bson 7", "tweetnacl 0"]) {
        assertMatch(copyright, new RegExp(`^${name}.*\\((MIT|BSD|Apache|Unlicense)`, "m"));
      }
      const changes = await runOk("zcat", [`${root}/share/doc/sftpwrap/changelog.gz`]);
      assertStringIncludes(changes, `## [${version}]`);

      const listed = (await runOk("tar", ["-tvf", `${folder}/${base}.tar.gz`])).split("\n");
      for (const line of listed.filter((line) => line !== "")) {
        assertMatch(line, /^(d|-)rw(xr-xr-x|-r--r--) 0\/0 /);
        assertStringIncludes(line, ` ${base}/`);
      }
      await assertDocuments(`${root}/bin/sftpwrap`, root);
    }),
});

/** What the program says of itself is where man(1) and the shells look for it. */
async function assertDocuments(program: string, root: string): Promise<void> {
  const pages = ["jail", "proxy", "gridfs", "s3", "authorize", "doctor", "quota", "who", "kick"];
  const names = ["sftpwrap.1.gz", ...pages.map((page) => `sftpwrap-${page}.1.gz`)];
  assertEquals(namesIn(`${root}/share/man/man1`).sort(), names.sort());
  const page = await runOk("zcat", [`${root}/share/man/man1/sftpwrap-jail.1.gz`]);
  assertEquals(page, await runOk(program, ["man", "jail"]));
  const completions = {
    bash: "bash-completion/completions/sftpwrap",
    zsh: "zsh/vendor-completions/_sftpwrap",
    fish: "fish/vendor_completions.d/sftpwrap.fish",
  };
  for (const [shell, path] of Object.entries(completions)) {
    const text = await Deno.readTextFile(`${root}/share/${path}`);
    assertEquals(text, await runOk(program, ["completions", shell]));
  }
}

Deno.test("a release that does not know an argument, or cannot compile, leaves nothing", async () => {
  await withTempDir(async (folder) => {
    const fails: Readonly<Record<string, readonly string[]>> = {
      "--only riscv is not known": ["--only", "riscv"],
      "unknown argument --all": ["--all"],
      "DENORT_BIN (/none/such) does not exist": [],
    };
    for (const [reason, args] of Object.entries(fails)) {
      const words = ["run", "--no-prompt", "-A", "scripts/release.ts", "--output", folder, ...args];
      const env = { DENORT_BIN: "/none/such", DENO_COMPILE: "" };
      const { code, stderr } = await run(Deno.execPath(), words, { env });
      assertEquals(code, 1);
      assertStringIncludes(stderr, `release: ${reason}\n`);
      assertEquals(namesIn(folder), []);
    }
  });
});
