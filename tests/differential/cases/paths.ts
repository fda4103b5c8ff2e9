import { type Case, step, words } from "../script.ts";
import { directory, file, link, type Node, type Tree } from "../tree.ts";

const tree: Tree = {
  file: file("file"),
  d: directory(),
  "d/e": directory(),
  "d/e/f": file("f"),
  "d/up": link(".."),
  "d/sibling": link("../file"),
  "to-d": link("d"),
  "to-e": link("d/e"),
  dotted: link("./d/./e/"),
  absolute: link("/@/d/e"),
  "absolute-file": link("/@/file"),
  root: link("/"),
  beyond: link("../../../../../../@/file"),
  outside: link("/no/such/place"),
  motd: link("../../../../../../etc/motd"),
  "through-file": link("file/x"),
  "to-file-slash": link("file/"),
  "to-nothing": link("nothing"),
  "to-nothing-below": link("nothing/below"),
  "to-link": link("to-d"),
  "to-itself": link("to-itself"),
  ping: link("pong"),
  pong: link("ping"),
  slashes: link("d//e///"),
  parent: link(".."),
  here: link("."),
};

const walks = [
  "",
  ...words(`
  file d d/ d// d/. d/.. d/../d d/e/../.. d/e/../../file d/up d/up/file d/up/d/up/file d/sibling
  d/sibling/ to-d/e/f to-e/f to-e/.. to-e/../e/f to-e/../../file dotted/f absolute absolute/f
  absolute/.. absolute-file root/@/file root/.. root/../@/file beyond outside motd through-file
  to-file-slash file/ file/. file/.. file/../file to-nothing to-nothing/ to-nothing/..
  to-nothing-below to-link/e to-itself to-itself/x ping missing missing/ missing/. missing/..
  missing/../file missing/below missing/below/ slashes/f parent/@/file here/here/file ../@/file
  ../../../../@/file ./././file
`),
];

/** The ways only look, so they share a tree. */
const everyWalk: Case[] = ["/@/", "@/", "//@//"].map((beginning) => ({
  name: `ways that begin with ${beginning}`,
  tree,
  steps: walks.map((path) => beginning + path).flatMap((path) => [
    step.realpath(path),
    step.expandPath(path),
    step.stat(path),
    step.lstat(path),
    step.readlink(path),
    step.open("h", path, 1),
    step.read("h", 0, 10),
    step.close("h"),
    step.statvfs(path),
  ]),
}));

/** A chain of links: `l0` leads to a directory, each other to the one before. */
function chain(length: number): Tree {
  const links = Array.from({ length }, (_, index): [string, Node] => [
    `l${index}`,
    link(index === 0 ? "d" : `l${index - 1}`),
  ]);
  return { d: directory(), "d/file": file("x"), ...Object.fromEntries(links) };
}

const chains: Case[] = [1, 20, 31, 32, 33, 39, 40, 41, 100].map((length) => ({
  name: `a chain of ${length} links`,
  tree: chain(length),
  steps: [
    step.stat(`@/l${length - 1}`),
    step.lstat(`@/l${length - 1}`),
    step.stat(`@/l${length - 1}/file`),
    step.open("h", `@/l${length - 1}/file`, 1),
    step.opendir("d", `@/l${length - 1}`),
    step.realpath(`@/l${length - 1}`),
    step.realpath(`@/l${length - 1}/file`),
  ],
}));

/** How paths lead from one place to another. */
export const paths: readonly Case[] = [...everyWalk, ...chains];
