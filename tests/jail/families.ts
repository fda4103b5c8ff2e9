/**
 * Ways out that a path can be, in families.
 *
 * @module
 */

import { makeLinks } from "../support/jail_attempts.ts";
import type { Prober, Site } from "../support/jail_fixture.ts";
import { ask, bytesOf, concat, type Text } from "../support/raw.ts";

/** Paths that would lead out of something less than a jail. */
export interface Family {
  /** What it tries; stands behind "leaves the jail". */
  readonly name: string;
  /** Whether the client makes symbolic links in it. */
  readonly symlinks?: boolean;
  paths(site: Site): readonly Text[];
  /** Lays out what the paths lead through. */
  plant(site: Site, prober: Prober): unknown;
}

const UP = "../".repeat(20);

/** As many open descriptors as a server may have. */
const DESCRIPTORS = 16;

/** What is tried below a directory that lies outside. */
const BELOW = ["", "/", "/canary", "/canary/", "/dir", "/new", "/new/", "/empty", "/dir/.."];

function below(directories: readonly string[]): string[] {
  return directories.flatMap((directory) => BELOW.map((name) => directory + name));
}

function links(links: (site: Site) => Readonly<Record<string, string>>) {
  return (site: Site) => makeLinks(site, links(site));
}

const LINKS: (site: Site) => Readonly<Record<string, string>> = ({ outside }) => ({
  "absolute": `${outside}/canary`,
  "absolute-dir": outside,
  "relative": "../outside/canary",
  "relative-dir": "../outside",
  "slashed": "../outside/",
  "many-up": `${UP}${outside.slice(1)}`,
  "dir/deep/out": "../../../outside",
});

/** All families; those with a mounted procfs stand in `procfs_test.ts`. */
export const families: readonly Family[] = [
  {
    name: "by ..",
    plant: ({ jail }) => Deno.mkdirSync(`${jail}/dir/deep`, { recursive: true }),
    paths: ({ outside }) => [
      "..",
      "/..",
      "../",
      "/../..",
      "/dir/../..",
      "/dir/deep/../../..",
      "/own/..",
      "/own/../../outside/canary",
      "/none/../../outside/canary",
      ...below(["../outside", "/../outside", "/dir/../../outside", "/./.././outside"]),
      `/${UP}${outside.slice(1)}/canary`,
      `${UP}${outside.slice(1)}/new`,
      `/${"../".repeat(1200)}${outside.slice(1)}/canary`,
    ],
  },
  {
    name: "by what only looks like ..",
    plant: ({ jail }) => Deno.mkdirSync(`${jail}/dir`),
    paths: ({ outside }) => [
      "/%2e%2e/outside/canary",
      "/..%2foutside/canary",
      "/..\\outside\\canary",
      "\\..\\outside\\canary",
      "/.../outside/canary",
      "/.. /outside/canary",
      "~/../outside/canary",
      "~root/../outside/canary",
      "~/canary",
      `file://${outside}/canary`,
      // Overlong UTF-8 for a full stop and a slash, and bytes that are none.
      withBytes("/", [0xc0, 0xae, 0xc0, 0xae], "/outside/canary"),
      withBytes("/..", [0xc0, 0xaf], "outside/canary"),
      withBytes("/", [0xff], "/../../outside/canary"),
    ],
  },
  {
    name: "by absolute names",
    plant: () => {},
    paths: ({ base, jail, outside }) => [
      base,
      `/${base}`,
      jail,
      `${jail}/../outside/canary`,
      ...below([outside, `/${outside}`, `/.${outside}`]),
      "//outside/canary",
    ],
  },
  {
    name: "into a sibling whose name begins as the jail's",
    plant: links(({ sibling }) => ({
      "sibling": "../jail-evil",
      "sibling-absolute": sibling,
      "up-evil": "..-evil",
    })),
    paths: ({ sibling }) =>
      below([
        "-evil",
        "/-evil",
        "../jail-evil",
        "/../jail-evil",
        sibling,
        "/sibling",
        "/sibling-absolute",
        "/up-evil",
      ]),
  },
  {
    name: "through links",
    plant: links(LINKS),
    paths: () => [
      "/absolute",
      "/absolute/",
      "/absolute/.",
      "/relative",
      "/relative/",
      "/absolute/../canary",
      "/absolute-dir/../outside/canary",
      "/dir/deep/out/../outside/canary",
      ...below(["/absolute-dir", "/relative-dir", "/slashed", "/many-up", "/dir/deep/out"]),
    ],
  },
  {
    name: "through chains of links, and directories of links",
    plant: links(({ jail, outside }) => ({
      "chain": "chain-2",
      "chain-2": "dir/../chain-3",
      "chain-3": "../jail/../outside",
      "chain-up": "dir/up/up/outside",
      "dir/up": "..",
      "up": "..",
      "up-up": "../..",
      "dir/to-top": "/up",
      "host-root": "/",
      "chain-host": `host-root/${outside.slice(1)}`,
      "self": jail,
      "self-up": `${jail}/../outside`,
    })),
    paths: ({ outside }) => [
      "/up/outside/canary",
      "/up-up",
      "/dir/up/up/up/outside/canary",
      "/dir/to-top/outside/canary",
      `/host-root${outside}/canary`,
      "/self/../outside/canary",
      ...below(["/chain", "/chain-up", "/chain-host", "/self-up", "/up/outside"]),
    ],
  },
  {
    name: "through links to what is not there",
    plant: links(({ outside, base }) => ({
      "dangling": "../outside/new",
      "absolute-dangling": `${outside}/new`,
      "dangling-chain": "dangling",
      "dangling-dir": "../outside/new/",
      "beside": `${base}/new`,
      "below-empty": "../outside/empty/new",
    })),
    paths: () => [
      "/dangling",
      "/dangling/",
      "/dangling/.",
      "/dangling/..",
      "/dangling/sub",
      "/absolute-dangling",
      "/absolute-dangling/",
      "/dangling-chain",
      "/dangling-dir",
      "/dangling-dir/",
      "/beside",
      "/below-empty",
      "/below-empty/",
    ],
  },
  {
    name: "through links that the client has made",
    symlinks: true,
    plant: async (site, prober) => {
      await Deno.mkdir(`${site.jail}/dir`);
      const made = {
        "/mine": `${site.outside}/canary`,
        "/mine-dir": site.outside,
        "/mine-relative": "../outside",
        "/dir/mine-deep": "../../outside",
        "/mine-chain": "dir/mine-deep/dir",
        "/mine-new": "../outside/new",
      };
      for (const [link, text] of Object.entries(made)) await prober.ask(ask.symlink(text, link));
    },
    paths: () => [
      "/mine",
      "/mine/",
      "/mine-new",
      "/mine-new/",
      ...below(["/mine-dir", "/mine-relative", "/dir/mine-deep", "/mine-chain/.."]),
    ],
  },
  {
    name: "through hard links to links, and links that were moved",
    plant: async (site, prober) => {
      makeLinks(site, LINKS(site));
      makeLinks(site, { "dir/deep/er/harmless": "../../../own", "dir/own": "../own" });
      await prober.ask(ask.hardlink("/absolute", "/hard"));
      await prober.ask(ask.hardlink("/relative-dir", "/dir/hard-dir"));
      await prober.ask(ask.hardlink("/dir/deep/out", "/hard-out"));
      await prober.ask(ask.rename("/dir/deep/er/harmless", "/moved"));
      await prober.ask(ask.posixRename("/dir/deep", "/deep"));
    },
    paths: () => [
      "/hard",
      "/hard/",
      "/moved",
      ...below(["/dir/hard-dir", "/hard-out", "/deep/out"]),
    ],
  },
  {
    name: "through links into /proc and /dev/fd",
    plant: links(() => ({
      "proc-root": "/proc/self/root",
      "proc-cwd": "/proc/self/cwd",
      "proc-exe": "/proc/self/exe",
      "thread-root": "/proc/thread-self/root",
      "first-root": "/proc/1/root",
      "to-proc": `${UP}proc`,
      ...Object.fromEntries(
        Array.from({ length: DESCRIPTORS }, (_, fd) => [`fd/${fd}`, `/proc/self/fd/${fd}`]),
      ),
      "dev-fd": "/dev/fd",
    })),
    paths: ({ outside }) => [
      "/proc/self/root",
      `/proc/self/root${outside}/canary`,
      `/proc-root${outside}/canary`,
      `/thread-root${outside}/canary`,
      `/first-root${outside}/canary`,
      `/to-proc/self/root${outside}/canary`,
      "/to-proc/self/cwd/canary",
      "/proc-exe",
      ...["", "/canary", "/new"].map((name) => `/proc-cwd${name}`),
      ...Array.from({ length: DESCRIPTORS }, (_, fd) => `/fd/${fd}/../outside/canary`),
      "/dev-fd/0",
      "/dev/fd/3/../outside/canary",
    ],
  },
];

function withBytes(before: string, bytes: readonly number[], behind: string): Uint8Array {
  return concat(bytesOf(before), Uint8Array.from(bytes), bytesOf(behind));
}
