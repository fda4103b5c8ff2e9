/**
 * The archives of a release. What one commit makes is always the same: names are sorted, owners are
 * root, times are the commit's, and gzip(1) keeps neither name nor time.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname } from "node:path";
import type { Documents } from "./documents.ts";
import { run } from "./run.ts";

/** A program to pack. */
export interface Made {
  /** The folder for what is made. */
  readonly work: string;
  readonly version: string;
  /** The architecture, as Debian calls it. */
  readonly arch: string;
  /** Seconds since 1970. */
  readonly epoch: string;
  /** The program's path. */
  readonly program: string;
  readonly documents: Documents;
}

/** Files by their path: texts, or the path of the program. */
type Tree = ReadonlyMap<string, string>;

const DEPENDS = "libc6 (>= 2.27), libgcc-s1";

/** Makes `sftpwrap-VERSION-linux-ARCH.tar.gz`, with everything in one folder. */
export async function makeTarball({ program, documents, epoch }: Made): Promise<void> {
  const { man, completions, license, thirdParty, readme, changelog } = documents;
  const stage = `${program}.stage`;
  const name = program.slice(program.lastIndexOf("/") + 1);
  await lay(
    `${stage}/${name}`,
    program,
    "sftpwrap",
    new Map([
      ["LICENSE", license],
      ["THIRD-PARTY-LICENSES", thirdParty],
      ["README.md", readme],
      ["CHANGELOG.md", changelog],
      ...Array.from(man, ([page, text]) => [`man/man1/${page}.1`, text] as const),
      ...completionFiles(completions, "completions/bash", "completions/zsh", "completions/fish"),
    ]),
  );
  const how = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", `--mtime=@${epoch}`];
  const tar = `${program}.tar`;
  await run("tar", ["--format=gnu", ...how, "-C", stage, "-cf", tar, name]);
  await run("gzip", ["--no-name", "--force", tar]);
  await Deno.remove(stage, { recursive: true });
}

/** Makes `sftpwrap_VERSION_ARCH.deb`. */
export async function makeDeb({ work, program, documents, version, arch, epoch }: Made) {
  const { man, completions, license, thirdParty, changelog } = documents;
  const stage = `${program}.stage`;
  const files = new Map([
    ["usr/share/doc/sftpwrap/copyright", `${license}\n${thirdParty}`],
    ["usr/share/doc/sftpwrap/changelog", changelog],
    ...Array.from(man, ([page, text]) => [`usr/share/man/man1/${page}.1`, text] as const),
    ...completionFiles(
      completions,
      "usr/share/bash-completion/completions",
      "usr/share/zsh/vendor-completions",
      "usr/share/fish/vendor_completions.d",
    ),
  ]);
  await lay(stage, program, "usr/bin/sftpwrap", files);
  for (const path of files.keys()) {
    if (!/man1\/|changelog$/.test(path)) continue;
    await run("gzip", ["--no-name", "-9", `${stage}/${path}`]);
  }
  const installed = (await run("find", [".", "-type", "f", "-printf", "%P\n"], { cwd: stage }))
    .trimEnd().split("\n").sort();
  const sums: string[] = [];
  let size = 0;
  for (const path of installed) {
    const bytes = await Deno.readFile(`${stage}/${path}`);
    size += bytes.length;
    sums.push(`${createHash("md5").update(bytes).digest("hex")}  ${path}\n`);
  }
  await Deno.mkdir(`${stage}/DEBIAN`);
  await Deno.writeTextFile(`${stage}/DEBIAN/md5sums`, sums.join(""));
  await Deno.writeTextFile(
    `${stage}/DEBIAN/control`,
    `Package: sftpwrap
Version: ${version}
Architecture: ${arch}
Maintainer: The sftpwrap authors
Installed-Size: ${Math.ceil(size / 1024)}
Depends: ${DEPENDS}
Suggests: openssh-server
Section: net
Priority: optional
Description: SFTP server for OpenSSH that jails a key or user in one directory
 sftpwrap is started by sshd, as a forced command or subsystem, and needs no
 root. It serves one directory as / with policies (read-only, drop box,
 append-only) and a log, passes every request on to another SFTP server, or
 serves files that live in MongoDB's GridFS.
`,
  );
  const deb = `${work}/sftpwrap_${version}_${arch}.deb`;
  const env = { SOURCE_DATE_EPOCH: epoch };
  await run("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", stage, deb], { env });
  await Deno.remove(stage, { recursive: true });
}

/** The files of the completions, in the folder of each shell. */
function completionFiles(texts: ReadonlyMap<string, string>, ...folders: readonly string[]) {
  const names = ["sftpwrap", "_sftpwrap", "sftpwrap.fish"];
  return Array.from(
    texts.values(),
    (text, index) => [`${folders[index]}/${names[index]}`, text] as const,
  );
}

/** Puts the program and texts below a folder. */
async function lay(folder: string, program: string, at: string, files: Tree): Promise<void> {
  for (const path of [at, ...files.keys()]) {
    await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
  }
  await Deno.copyFile(program, `${folder}/${at}`);
  await Deno.chmod(`${folder}/${at}`, 0o755);
  for (const [path, text] of files) await Deno.writeTextFile(`${folder}/${path}`, text);
}
