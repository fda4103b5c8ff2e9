/**
 * Trees on disk: made from a table, and told as text.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** What stands at a path. */
export type Node =
  | { readonly file: string | Uint8Array; readonly mode?: number; readonly mtime?: number }
  | { readonly directory: true; readonly mode?: number }
  | { readonly link: string }
  | { readonly hardLinkOf: string }
  | { readonly command: readonly string[] };

/** Nodes by their paths, parents first; `@` in a link's text is the case's directory. */
export type Tree = Readonly<Record<string, Node>>;

/** When everything in a tree was last changed, unless told. */
export const OLD = 1_000_000_000;

/** Files larger than this are compared by their beginning. */
const COMPARED_LENGTH = 64 * 1024;

/** A file. */
export function file(content: string | Uint8Array, mode?: number, mtime?: number): Node {
  return {
    file: content,
    ...(mode === undefined ? {} : { mode }),
    ...(mtime === undefined ? {} : { mtime }),
  };
}

/** A directory. */
export function directory(mode?: number): Node {
  return { directory: true, ...(mode === undefined ? {} : { mode }) };
}

/** A symbolic link. */
export function link(text: string): Node {
  return { link: text };
}

/** A further name of a file. */
export function hardLinkOf(path: string): Node {
  return { hardLinkOf: path };
}

/** Something that only a program can make; `{}` in its arguments is the path. */
export function madeBy(...command: readonly string[]): Node {
  return { command };
}

/**
 * The part of a tree that paths may come across: what their first segments name, what links
 * there name, and so on. A tree costs time for each node.
 */
export function partOf(tree: Tree, ...paths: readonly string[]): Tree {
  const wanted = new Set<string>();
  const want = (path: string) => {
    const [top] = path.split("/");
    if (top === undefined || wanted.has(top)) return;
    wanted.add(top);
    const node = tree[top];
    if (node !== undefined && "link" in node) want(node.link.replace(/^\/@\//, ""));
    if (node !== undefined && "hardLinkOf" in node) want(node.hardLinkOf);
  };
  paths.forEach(want);
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => wanted.has(path.split("/")[0]!)),
  );
}

/** Makes a tree in `root`/`name`, which must not exist. */
export function plant(root: string, name: string, tree: Tree): void {
  const top = `${root}/${name}`;
  Deno.mkdirSync(top);
  const dated: [path: string, mtime: number][] = [];
  for (const [path, node] of Object.entries(tree)) {
    const at = `${top}/${path}`;
    plantNode(at, node, { top, name });
    if (!("link" in node) && !("hardLinkOf" in node)) {
      dated.push([at, "mtime" in node ? node.mtime ?? OLD : OLD]);
    }
  }
  for (const [path, mtime] of dated.reverse()) Deno.utimeSync(path, mtime, mtime);
  Deno.utimeSync(top, OLD, OLD);
}

function plantNode(
  at: string,
  node: Node,
  { top, name }: { readonly top: string; readonly name: string },
): void {
  if ("file" in node) {
    const { file, mode = 0o644 } = node;
    Deno.writeFileSync(at, typeof file === "string" ? new TextEncoder().encode(file) : file);
    Deno.chmodSync(at, mode);
  } else if ("directory" in node) {
    Deno.mkdirSync(at);
    Deno.chmodSync(at, node.mode ?? 0o755);
  } else if ("link" in node) {
    Deno.symlinkSync(node.link.replaceAll("@", name), at);
  } else if ("hardLinkOf" in node) {
    Deno.linkSync(`${top}/${node.hardLinkOf}`, at);
  } else {
    const [program, ...args] = node.command.map((word) => word.replaceAll("{}", at));
    const { success } = new Deno.Command(program!, { args }).outputSync();
    if (!success) throw new Error(`${program} ${args.join(" ")} failed`);
  }
}

/** Tells a tree: a line for each path, from which everything but its content can be read. */
export function survey(top: string, time: (seconds: number) => string): Map<string, string> {
  const told = new Map<string, string>();
  const visit = (path: string, at: string) => {
    const info = Deno.lstatSync(at);
    told.set(path, tellNode(at, info, time));
    if (!info.isDirectory) return;
    const names = [...Deno.readDirSync(at)].map((entry) => entry.name).sort();
    for (const name of names) {
      // Such a name cannot be opened from here; that it is there is all that can be told.
      if (name.includes("\ufffd")) told.set(`${path}/${name}`, "not UTF-8");
      else visit(`${path}/${name}`, `${at}/${name}`);
    }
  };
  visit("", top);
  return told;
}

function tellNode(at: string, info: Deno.FileInfo, time: (seconds: number) => string): string {
  const { mode, uid, gid, nlink, size } = info;
  const mtime = time(Math.floor((info.mtime?.getTime() ?? 0) / 1000));
  const common = `mode ${(mode ?? 0).toString(8)} owner ${uid}:${gid} mtime ${mtime}`;
  if (info.isDirectory) return common;
  if (info.isSymlink) return `mode ${(mode ?? 0).toString(8)} link ${textOfLink(at)}`;
  if (!info.isFile) return common;
  return `${common} links ${nlink} size ${size} ${digest(at, size)}`;
}

function textOfLink(at: string): string {
  try {
    return JSON.stringify(Deno.readLinkSync(at));
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData) return "not UTF-8";
    throw error;
  }
}

function digest(at: string, size: number): string {
  using opened = Deno.openSync(at);
  const bytes = new Uint8Array(Math.min(size, COMPARED_LENGTH));
  let length = 0;
  while (length < bytes.length) {
    const count = opened.readSync(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  if (length <= 40) return JSON.stringify(new TextDecoder().decode(bytes));
  return createHash("md5").update(bytes).digest("hex");
}
