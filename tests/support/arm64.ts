/**
 * Programs for arm64 on a machine that is something else: Debian's qemu-user of a release that knows
 * openat2, and the libraries that a program needs, unpacked into a folder and not installed.
 *
 * @module
 */

import { SLOW_MS } from "./debian.ts";
import { withTempDir } from "./files.ts";
import { type Need, needs } from "./programs.ts";
import { runOk } from "./run.ts";

const RELEASE = "trixie";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const PACKAGES = ["qemu-user:amd64", "libc6:arm64", "libgcc-s1:arm64"];

/** Deno's name of the target. */
export const ARM64 = "aarch64-unknown-linux-gnu";

/** What a test of a program for arm64 needs. */
export function needsArm64(...programs: readonly string[]): Need {
  return needs("$DENO_COMPILE", "$DENORT_ARM64_BIN", "apt-get", "dpkg-deb", KEYRING, ...programs);
}

/** What was downloaded. */
export interface Arm64 {
  /** The folder that it is unpacked into, where a program for arm64 finds its libraries. */
  readonly root: string;
  /** The words that run a program for arm64, which come before its path. */
  readonly emulator: readonly string[];
}

/** Runs `use` with an emulator, and with a kernel and busybox unpacked next to it if asked for. */
export async function withArm64(
  use: (arm64: Arm64) => Promise<void>,
  { kernel = false }: { readonly kernel?: boolean } = {},
): Promise<void> {
  await withTempDir(async (folder) => {
    await download(folder, kernel);
    const root = `${folder}/root`;
    await Deno.mkdir(root);
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.endsWith(".deb")) continue;
      await runOk("dpkg-deb", ["--extract", `${folder}/${name}`, root], { limitMs: SLOW_MS });
    }
    // Debian has merged its folders; the package with this link is none of these.
    await Deno.symlink("usr/lib", `${root}/lib`);
    await use({ root, emulator: [`${root}/usr/bin/qemu-aarch64`, "-L", root] });
  });
}

/** Downloads packages of another release, with lists and a status that are apt's here alone. */
async function download(folder: string, kernel: boolean): Promise<void> {
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
  const packages = [...PACKAGES];
  if (kernel) {
    const depends = await runOk("apt-cache", [...options, "depends", "linux-image-arm64:arm64"]);
    packages.push(/linux-image-\d\S*/.exec(depends)![0], "busybox-static:arm64");
  }
  await runOk("apt-get", [...options, "-q", "download", ...packages], limits);
}
