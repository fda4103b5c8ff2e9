import { Flag, type SentAttrs } from "../../support/raw.ts";
import { type Case, step, words } from "../script.ts";
import { directory, file, link, madeBy, partOf, type Tree } from "../tree.ts";

const { READ, WRITE } = Flag;

const targets: Tree = {
  file: file("0123456789", 0o640),
  directory: directory(0o750),
  "directory/inside": file("inside"),
  "to-file": link("file"),
  "to-directory": link("directory"),
  "to-nothing": link("nothing"),
  "to-itself": link("to-itself"),
  fifo: madeBy("mkfifo", "{}"),
};

/** What a path may come across; nothing else, as there are many cases. */
function treeFor(path: string): Tree {
  return partOf(targets, path);
}

const paths = words(`
  file directory to-file to-directory to-nothing to-itself missing fifo file/ directory/ to-file/
  to-directory/ file/below
`);

/** Each subset of the four kinds of attributes. */
const subsets: SentAttrs[] = Array.from({ length: 16 }, (_, bits) => ({
  ...(bits & 1 ? { size: 4 } : {}),
  ...(bits & 2 ? { uid: 12, gid: 34 } : {}),
  ...(bits & 4 ? { permissions: 0o4751 } : {}),
  ...(bits & 8 ? { atime: 1_111_111_111, mtime: 1_222_222_222 } : {}),
}));

const everySubset: Case[] = paths.flatMap((path) =>
  subsets
    // OpenSSH's truncate(2) of a FIFO fails as ours, but it is no question of a subset.
    .filter((sent) => path !== "fifo" || sent.size === undefined)
    .map((sent, index) => ({
      name: `SETSTAT of ${path}, subset ${index}`,
      tree: treeFor(path),
      steps: [
        step.setstat(`@/${path}`, sent),
        step.stat(`@/${path}`),
        step.lstat(`@/${path}`),
      ],
    }))
);

// The mode of what is no link is left out: glibc sets it by way of /proc, which the chroot lacks.
const everySubsetOfALink: Case[] = paths.flatMap((path) =>
  subsets
    .filter(({ permissions }) => permissions === undefined || /^to-\w+$/.test(path))
    .map((sent, index) => ({
      name: `lsetstat of ${path}, subset ${index}`,
      tree: treeFor(path),
      steps: [
        step.lsetstat(`@/${path}`, sent),
        step.stat(`@/${path}`),
        step.lstat(`@/${path}`),
      ],
    }))
);

const everySubsetOfAHandle: Case[] = subsets.flatMap((sent, index) =>
  [READ, WRITE, READ | WRITE].map((pflags) => ({
    name: `FSETSTAT of a file opened with ${pflags}, subset ${index}`,
    tree: treeFor("file"),
    steps: [step.open("h", "@/file", pflags), step.fsetstat("h", sent), step.fstat("h")],
  }))
);

const sizes = [
  0,
  1,
  10,
  11,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 1,
  2 ** 40,
  2 ** 43,
  2n ** 44n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

const everySize: Case[] = sizes.map((size) => ({
  name: `size ${size}`,
  tree: targets,
  steps: [
    step.setstat("@/file", { size }),
    step.stat("@/file"),
    step.open("h", "@/directory/inside", READ | WRITE),
    step.fsetstat("h", { size }),
    step.fstat("h"),
  ],
}));

const times: [atime: number, mtime: number][] = [
  [0, 0],
  [1, 2],
  [2 ** 31 - 1, 2 ** 31 - 1],
  [2 ** 31, 2 ** 31 + 1],
  [2 ** 32 - 1, 2 ** 32 - 1],
  [1_700_000_000, 1_600_000_000],
];

const everyTime: Case[] = times.map(([atime, mtime]) => ({
  name: `times ${atime} and ${mtime}`,
  tree: targets,
  steps: [
    step.setstat("@/file", { atime, mtime }),
    step.stat("@/file"),
    step.setstat("@/directory", { atime, mtime }),
    step.stat("@/directory"),
    step.lsetstat("@/to-nothing", { atime, mtime }),
    step.lstat("@/to-nothing"),
    step.open("h", "@/directory/inside", READ),
    step.fsetstat("h", { atime, mtime }),
    step.fstat("h"),
    step.opendir("d", "@"),
    step.list("d"),
  ],
}));

const modes = [0, 0o7777, 0o4755, 0o2755, 0o1755, 0o6711, 0o100600, 0o177777, 0xffffffff];

const everyMode: Case[] = modes.map((permissions) => ({
  name: `mode ${permissions.toString(8)}`,
  tree: targets,
  steps: [
    step.setstat("@/file", { permissions }),
    step.setstat("@/directory", { permissions }),
    step.lsetstat("@/to-file", { permissions }),
    step.opendir("d", "@"),
    step.list("d"),
  ],
}));

const owners: [uid: number, gid: number][] = [
  [0, 0],
  [1, 65534],
  [65534, 1],
  [4_000_000_000, 4_000_000_001],
  [0xffffffff, 0xffffffff],
  [0xffffffff, 5],
  [123_456, 123_457],
];

const everyOwner: Case[] = owners.map(([uid, gid]) => ({
  name: `owner ${uid} group ${gid}`,
  tree: targets,
  steps: [
    step.setstat("@/file", { permissions: 0o6755 }),
    step.setstat("@/file", { uid, gid }),
    step.setstat("@/directory", { uid, gid }),
    step.lsetstat("@/to-nothing", { uid, gid }),
    step.open("h", "@/directory/inside", READ),
    step.fsetstat("h", { uid, gid, permissions: 0o4711 }),
    step.opendir("d", "@"),
    step.list("d"),
    step.opendir("e", "@/directory"),
    step.list("e"),
  ],
}));

const looks: Case[] = [{
  name: "STAT, LSTAT and FSTAT",
  tree: targets,
  steps: [
    ...paths.flatMap((path) => [step.stat(`@/${path}`), step.lstat(`@/${path}`)]),
    step.stat(""),
    step.lstat(""),
    step.stat("/"),
    step.lstat("/"),
    step.stat("."),
    step.stat("/.."),
    step.lstat("/../.."),
    step.lstat("../../@/./file"),
    step.lstat("@//file"),
    step.lstat("@/directory/.."),
    step.lstat("@/directory/../file"),
    step.lstat("@/to-directory/../file"),
    step.lstat("@/missing/../file"),
    step.lstat("@/file/../file"),
    step.stat("@/file/."),
    step.stat("@/file/.."),
    step.stat("@/directory/."),
  ],
}, {
  name: "an extended attribute changes nothing",
  tree: targets,
  steps: [
    step.setstat("@/file", { extended: [["a@b", "c"]] }),
    step.setstat("@/file", { extended: [] }),
    step.lsetstat("@/file", { extended: [["a@b", "c"]] }),
    step.setstat("@/missing", {}),
    step.setstat("", {}),
    step.lsetstat("@/missing", {}),
    step.setstat("", { size: 3 }),
    step.lsetstat("", { permissions: 0o600 }),
  ],
}];

/** STAT, LSTAT, FSTAT, SETSTAT, FSETSTAT, lsetstat. */
export const attributes: readonly Case[] = [
  ...everySubset,
  ...everySubsetOfALink,
  ...everySubsetOfAHandle,
  ...everySize,
  ...everyTime,
  ...everyMode,
  ...everyOwner,
  ...looks,
];
