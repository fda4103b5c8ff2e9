/**
 * The ways of starting a jail, each with the rings that it has.
 *
 * @module
 */

import { binary, binaryFolder, needsCompile } from "./binaries.ts";
import { withTempDir } from "./files.ts";
import { makeSite, type Site, siteAt } from "./jail_fixture.ts";
import type { Need } from "./programs.ts";
import { sftpwrap } from "./wire_session.ts";

/** A way of starting a jail. */
export interface JailWay {
  /** The way's name in a test's name. */
  readonly name: string;
  /** What it needs here. */
  readonly need: Need;
  /** Whether a client may make symbolic links. */
  readonly symlinks: boolean;
  /** Whether the kernel resolves the paths. */
  readonly kernel: boolean;
  /** Runs `use` with a jail and its surroundings. */
  withSite<T>(use: (site: Site) => Promise<T>): Promise<T>;
  /** The words that start it. */
  command(site: Site, options?: readonly string[]): Promise<readonly string[]>;
}

const nothing: Need = { ignore: false, reason: "" };
const linux: Need = Deno.build.os === "linux"
  ? nothing
  : { ignore: true, reason: "the kernel root is for Linux" };

async function withOwnSite<T>(use: (site: Site) => Promise<T>): Promise<T> {
  return await withTempDir(async (base) => await use(makeSite(base)));
}

/** Flags that limit Deno's file API to a jail. */
export function scopedFlags(jail: string): string[] {
  return [`--allow-read=${jail}`, `--allow-write=${jail}`];
}

/** The kernel root, under `deno run -A`. */
export const kernelWay: JailWay = {
  name: "kernel root",
  need: linux,
  symlinks: true,
  kernel: true,
  withSite: withOwnSite,
  command: ({ jail }, options = []) =>
    Promise.resolve(sftpwrap(["jail", "--confine=kernel", ...options, jail])),
};

/** The portable root, under flags for the jail alone. */
export const portableWay: JailWay = {
  name: "portable root",
  need: nothing,
  symlinks: false,
  kernel: false,
  withSite: withOwnSite,
  command: ({ jail }, options = []) =>
    Promise.resolve(sftpwrap(["jail", "--confine=portable", ...options, jail], scopedFlags(jail))),
};

/** The compiled program for every use. */
export const binaryWay: JailWay = {
  name: "binary",
  need: needsCompile(),
  symlinks: true,
  kernel: true,
  withSite: withOwnSite,
  command: async ({ jail }, options = []) => [
    (await binary("sftpwrap")).path,
    "jail",
    ...options,
    jail,
  ],
};

/**
 * The compiled program for one jail, whose directory is compiled in and therefore always the same.
 */
export const jailBinaryWay: JailWay = {
  name: "binary for one jail",
  need: needsCompile(),
  symlinks: true,
  kernel: true,
  async withSite(use) {
    const base = `${binaryFolder()}/site-4e19`;
    await Deno.mkdir(base);
    try {
      return await use(makeSite(base));
    } finally {
      await Deno.remove(base, { recursive: true });
    }
  },
  command: async (_site, options = []) => {
    const { jail } = siteAt(`${binaryFolder()}/site-4e19`);
    return [(await binary("sftp-alice", ["--jail", jail])).path, ...options];
  },
};

/** All ways. */
export const jailWays: readonly JailWay[] = [kernelWay, portableWay, binaryWay, jailBinaryWay];
