/**
 * Every operation of a root, and links out of a jail to try them on. What gets out is seen in
 * `tests/jail/`, by packets.
 *
 * @module
 */

import type { Root } from "../../../lib/storage/local/root.ts";
import type { OpenOptions } from "../../../lib/storage/storage.ts";
import { how } from "../../../lib/testing/subject.ts";
import { entriesOf, type Places, using } from "./places.ts";

/** An operation on a path, by its name. */
export type NamedOperation = readonly [name: string, run: (root: Root, path: string) => unknown];

/** Operations that change nothing. */
export const LOOKS: readonly NamedOperation[] = [
  ["stat", (root, path) => root.stat(path)],
  ["lstat", (root, path) => root.lstat(path)],
  ["open to read", (root, path) => root.open(path, how("read"), 0).close()],
  ["openDir", (root, path) => entriesOf(root.openDir(path))],
  ["realPath", (root, path) => root.realPath(path)],
  ["readLink", (root, path) => root.readLink(path)],
  ["statVfs", (root, path) => root.statVfs?.(path)],
];

/** All operations. */
export const OPERATIONS: readonly NamedOperation[] = [
  ...LOOKS,
  ["open to write", (root, path) => opens(root, path, "write")],
  ["open to append", (root, path) => opens(root, path, "write", "append")],
  ["open to truncate", (root, path) => opens(root, path, "write", "truncate")],
  ["open to create", (root, path) => opens(root, path, "write", "create")],
  ["open to create only", (root, path) => opens(root, path, "write", "create", "exclusive")],
  ["truncate", (root, path) => root.truncate(path, 3)],
  ["chmod", (root, path) => root.chmod(path, 0o777)],
  ["lchmod", (root, path) => root.lchmod(path, 0o777)],
  ["utimes", (root, path) => root.utimes(path, 5, 5)],
  ["lutimes", (root, path) => root.lutimes(path, 5, 5)],
  ["chown", (root, path) => root.chown(path, 65534, 65534)],
  ["lchown", (root, path) => root.lchown(path, 65534, 65534)],
  ["mkdir", (root, path) => root.mkdir(path, 0o777)],
  ["rmdir", (root, path) => root.rmdir(path)],
  ["unlink", (root, path) => root.unlink(path)],
  ["rename from", (root, path) => root.rename(path, "/taken")],
  ["rename to", (root, path) => root.rename("/own", path)],
  ["rename anew from", (root, path) => root.renameNoReplace(path, "/taken")],
  ["rename anew to", (root, path) => root.renameNoReplace("/own", path)],
  ["link from", (root, path) => root.link(path, "/taken")],
  ["link to", (root, path) => root.link("/own", path)],
  ["symlink", (root, path) => root.symlink("text", path)],
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

function opens(root: Root, path: string, ...flags: (Exclude<keyof OpenOptions, "attrs">)[]): void {
  using(root.open(path, how(...flags), 0o666), (file) => {
    file.write(new Uint8Array([1, 2, 3]), 0);
    file.chmod(0o600);
  });
}
