/**
 * Programs for arm64 on a machine that is something else: Debian's qemu-user of a release that knows
 * openat2, and the libraries that a program needs, unpacked into a folder and not installed.
 *
 * @module
 */

import { SLOW_MS } from "./debian.ts";
import { type Need, needs } from "./programs.ts";
import { runOk } from "./run.ts";

const RELEASE = "trixie";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const PACKAGES = ["qemu-user:amd64", "libc6:arm64", "libgcc-s1:arm64"];

/** Deno's name of the target. */
export const ARM64 = "aarch64-unknown-linux-gnu";

/** What a test of a program for arm64 needs. */
export function needsArm64(): Need {
  return needs("$DENO_COMPILE", "$DENORT_ARM64_BIN", "apt-get", "dpkg-deb", KEYRING);
}

/** Runs `use` with the words that run a program for arm64, which come before its path. */
export async function withEmulator(use: (words: readonly string[]) => Promise<void>) {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sftpwrap_arm64_" }));
  try {
    await download(folder);
    const root = `${folder}/root`;
    await Deno.mkdir(root);
    for await (const { name } of Deno.readDir(folder)) {
      if (name.endsWith(".deb")) await runOk("dpkg-deb", ["--extract", `${folder}/${name}`, root]);
    }
    // Debian has merged its folders; what makes the link is no package of these.
    await Deno.symlink("usr/lib", `${root}/lib`);
    await use([`${root}/usr/bin/qemu-aarch64`, "-L", root]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Downloads the packages of another release, with lists and a status that are apt's here alone. */
async function download(folder: string): Promise<void> {
  for (const place of ["state/lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(`${folder}/${place}`, { recursive: true });
  }
  await Deno.writeTextFile(`${folder}/status`, "");
  await Deno.writeTextFile(
    `${folder}/sources.list`,
    `deb [arch=amd64,arm64 signed-by=${KEYRING}] http://deb.debian.org/debian ${RELEASE} main\n`,
  );
  const settings = {
    "Dir::State": `${folder}/state`,
    "Dir::State::status": `${folder}/status`,
    "Dir::Cache": `${folder}/cache`,
    "Dir::Etc::SourceList": `${folder}/sources.list`,
    "Dir::Etc::SourceParts": "-",
    "APT::Architecture": "amd64",
    "APT::Architectures": "amd64,arm64",
    "APT::Sandbox::User": "root",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const limits = { cwd: folder, limitMs: SLOW_MS };
  await runOk("apt-get", [...options, "-q", "update"], limits);
  await runOk("apt-get", [...options, "-q", "download", ...PACKAGES], limits);
}
