/**
 * Ways out of a jail, and every operation tried on each.
 *
 * @module
 */

import type { Root } from "../../../lib/storage/local/root.ts";
import type { OpenOptions } from "../../../lib/storage/storage.ts";
import { how } from "../../../lib/testing/subject.ts";
import { CANARY_SIZE, entriesOf, failure, type Places, using } from "./places.ts";

/** An operation on a path that should not lead anywhere; tells what it saw of the outside. */
type Attempt = (root: Root, path: string) => string | undefined;

/** An operation, by its name. */
export type NamedAttempt = readonly [name: string, attempt: Attempt];

/** Operations that change nothing where they should not get to. */
export const LOOKS: readonly NamedAttempt[] = [
  ["stat", (root, path) => seenSize(root.stat(path).size)],
  ["lstat", (root, path) => seenSize(root.lstat(path).size)],
  ["open to read", (root, path) => seenContent(root, path)],
  ["openDir", (root, path) => seenNames(root, path)],
  ["realPath", (root, path) => seenHostPath(root.realPath(path))],
  ["readLink", (root, path) => (root.readLink(path), undefined)],
  ["statVfs", (root, path) => (root.statVfs?.(path), undefined)],
];

/** Operations that change something. */
export const CHANGES: readonly NamedAttempt[] = [
  ["open to write", (root, path) => opens(root, path, "write")],
  ["open to append", (root, path) => opens(root, path, "write", "append")],
  ["open to truncate", (root, path) => opens(root, path, "write", "truncate")],
  ["open to create", (root, path) => opens(root, path, "write", "create")],
  ["open to create only", (root, path) => opens(root, path, "write", "create", "exclusive")],
  ["truncate", (root, path) => (root.truncate(path, 3), undefined)],
  ["chmod", (root, path) => (root.chmod(path, 0o777), undefined)],
  ["lchmod", (root, path) => (root.lchmod(path, 0o777), undefined)],
  ["utimes", (root, path) => (root.utimes(path, 5, 5), undefined)],
  ["lutimes", (root, path) => (root.lutimes(path, 5, 5), undefined)],
  ["chown", (root, path) => (root.chown(path, 65534, 65534), undefined)],
  ["lchown", (root, path) => (root.lchown(path, 65534, 65534), undefined)],
  ["mkdir", (root, path) => (root.mkdir(path, 0o777), undefined)],
  ["rmdir", (root, path) => (root.rmdir(path), undefined)],
  ["unlink", (root, path) => (root.unlink(path), undefined)],
  ["rename from", (root, path) => (root.rename(path, "/taken"), undefined)],
  ["rename to", (root, path) => (root.rename("/own", path), undefined)],
  ["rename anew from", (root, path) => (root.renameNoReplace(path, "/taken"), undefined)],
  ["rename anew to", (root, path) => (root.renameNoReplace("/own", path), undefined)],
  ["link from", (root, path) => (root.link(path, "/taken"), undefined)],
  ["link to", (root, path) => (root.link("/own", path), undefined)],
  ["symlink", (root, path) => (root.symlink("text", path), undefined)],
];

/** Makes a file `/own`, and links that a client could make, each to the outside. */
export function makeLinksOut({ jail, outside }: Places): void {
  Deno.writeTextFileSync(`${jail}/own`, "own");
  Deno.mkdirSync(`${jail}/dir/deep`, { recursive: true });
  const links = [
    [`${outside}/canary`, "absolute"],
    [outside, "absolute-dir"],
    ["../outside/canary", "relative"],
    ["../outside", "relative-dir"],
    ["../../../outside", "dir/deep/out"],
    ["chain-2", "chain"],
    ["dir/../chain-3", "chain-2"],
    ["../jail/../outside", "chain-3"],
    ["../outside/new", "dangling"],
    [`${outside}/new`, "absolute-dangling"],
  ] as const;
  for (const [text, name] of links) Deno.symlinkSync(text, `${jail}/${name}`);
}

/** Paths that lead to the outside where nothing is in their way. */
export function pathsOut({ outside }: Places): string[] {
  const directories = ["/absolute-dir", "/relative-dir", "/dir/deep/out", "/chain", "/../outside"];
  const names = ["", "/", "/canary", "/canary/", "/new", "/new/", "/empty", "/empty/", "/dir/.."];
  return [
    "/absolute",
    "/relative",
    "/absolute/",
    "/dangling",
    "/dangling/",
    "/absolute-dangling",
    "/dir/../../outside/canary",
    "/dir/deep/../../../outside/canary",
    "/absolute-dir/../outside/canary",
    `${outside}/canary`,
    ...directories.flatMap((directory) => names.map((name) => directory + name)),
  ];
}

/** Tries an operation on a path, and tells what it saw of the outside. */
export function sight(root: Root, path: string, attempt: Attempt): string | undefined {
  let seen: string | undefined;
  failure(() => seen = attempt(root, path));
  return seen;
}

function seenSize(size: number): string | undefined {
  return size === CANARY_SIZE ? "the canary's size" : undefined;
}

function seenContent(root: Root, path: string): string | undefined {
  const bytes = new Uint8Array(10);
  const read = using(root.open(path, how("read"), 0), (file) => file.read(bytes, 0));
  return read > 0 && bytes[0] === 0x63 ? "the canary's content" : undefined;
}

function seenNames(root: Root, path: string): string | undefined {
  const entries = entriesOf(root.openDir(path));
  return entries.some(({ name }) => name === "canary") ? "the names outside" : undefined;
}

function seenHostPath(path: string): string | undefined {
  return path.includes("sftpwrap_root_") ? `the host path ${path}` : undefined;
}

function opens(
  root: Root,
  path: string,
  ...flags: (Exclude<keyof OpenOptions, "attrs">)[]
): string | undefined {
  using(root.open(path, how(...flags), 0o666), (file) => {
    file.write(new Uint8Array([1, 2, 3]), 0);
    file.chmod(0o600);
  });
  return undefined;
}
