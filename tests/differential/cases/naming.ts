import { bytesOf, concat } from "../../support/raw.ts";
import { type Case, type PathSpec, step, words } from "../script.ts";
import { directory, file, hardLinkOf, link, madeBy, partOf, type Tree } from "../tree.ts";

/** What RENAME, posix-rename and hardlink may meet on either side. */
const sides: Tree = {
  file: file("file"),
  "other-file": file("other"),
  "same-file": hardLinkOf("file"),
  empty: directory(0o700),
  "other-empty": directory(0o711),
  full: directory(),
  "full/inside": file("inside"),
  "full/deeper": directory(),
  "other-full": directory(),
  "other-full/else": file("else"),
  "to-file": link("file"),
  "to-full": link("full"),
  "to-nothing": link("nothing"),
  "other-to-nothing": link("nothing-else"),
  fifo: madeBy("mkfifo", "{}"),
};

/** What paths may come across; nothing else, as there are many cases. */
function treeFor(...paths: readonly string[]): Tree {
  return partOf(sides, ...paths);
}

const sources = words(`
  file empty full to-file to-full to-nothing fifo missing file/ empty/ empty/. empty/.. to-full/
  to-full/inside file/below missing/below
`);

const destinations = words(`
  new file other-file same-file other-empty other-full full to-file to-full other-to-nothing fifo
  new/ new/. other-empty/ other-empty/. other-empty/.. full/deeper/new to-full/new to-nothing/new
  missing/new file/new empty/new full/inside/new
`);

const matrix: Case[] = [
  { request: "RENAME", make: step.rename },
  { request: "posix-rename", make: step.posixRename },
  { request: "hardlink", make: step.hardlink },
].flatMap(({ request, make }) =>
  sources.flatMap((from) =>
    destinations.map((to) => ({
      name: `${request} of ${from} to ${to}`,
      tree: treeFor(from, to),
      steps: [make(`@/${from}`, `@/${to}`)],
    }))
  )
);

const roots: Case[] = [step.rename, step.posixRename, step.hardlink].flatMap((make, index) =>
  [["/", "/@/new"], ["/@/file", "/"], ["", "@/new"], ["@/file", ""], ["..", "@/new"], [
    "@/file",
    ".",
  ]].map(([from, to]) => ({
    name: `${["RENAME", "posix-rename", "hardlink"][index]} of "${from}" to "${to}"`,
    tree: treeFor("file"),
    steps: [make(from!, to!)],
  }))
);

const removing: Case[] = words(`
  file same-file empty full to-file to-full to-nothing fifo missing file/ empty/ empty/. empty/..
  full/.. to-full/ to-full/. to-file/ to-nothing/ missing/ to-full/inside to-full/deeper file/below
  missing/below
`).flatMap((path) => [
  { name: `REMOVE of ${path}`, tree: treeFor(path), steps: [step.remove(`@/${path}`)] },
  { name: `RMDIR of ${path}`, tree: treeFor(path), steps: [step.rmdir(`@/${path}`)] },
]);

const making: Case[] = words(`
  new new/ new/. new/.. new// file file/ empty empty/ empty/. empty/.. to-file to-full to-full/
  to-nothing to-nothing/ to-full/new to-full/../new full/deeper/new missing/new file/new ./new
  .//./new
`).flatMap((path) => [
  { name: `MKDIR of ${path}`, tree: treeFor(path), steps: [step.mkdir(`@/${path}`)] },
  {
    name: `SYMLINK at ${path}`,
    tree: treeFor(path),
    steps: [step.symlink("text", `@/${path}`), step.readlink(`@/${path}`)],
  },
]);

const emptyAndRoot: Case[] = ["", "/", ".", "..", "//", "/.", "/..", "/../.."].map((path) => ({
  name: `requests on "${path}"`,
  tree: {},
  steps: [
    step.open("h", path, 1),
    step.open("h", path, 2),
    step.open("h", path, 2 | 8),
    step.open("h", path, 2 | 8 | 32),
    step.remove(path),
    step.rmdir(path),
    step.mkdir(path),
    step.symlink("text", path),
    step.readlink(path),
    step.realpath(path),
    step.expandPath(path),
    step.opendir("d", path),
    step.setstat(path, { size: 0 }),
    step.lsetstat(path, { size: 0 }),
  ],
}));

const texts: PathSpec[] = [
  "",
  ".",
  "..",
  "/",
  "/@/file",
  "../../../etc/motd",
  "a//b/./c/",
  "with space",
  "Grüße 🐟",
  "line\nbreak\tand\x1b[31m",
  "x".repeat(255),
  "x".repeat(256),
  "x/".repeat(2047),
  "x/".repeat(2047) + "x",
  "x/".repeat(2048),
  "x".repeat(5000),
];

const linkTexts: Case[] = texts.map((text, index) => ({
  name: `the text of a link, ${index}`,
  tree: {},
  steps: [
    step.symlink(text, "@/link"),
    step.readlink("@/link"),
    step.lstat("@/link"),
    step.stat("@/link"),
    step.realpath("@/link"),
  ],
}));

const reading: Case[] = [{
  name: "READLINK of what is a link and what is not",
  tree: { ...sides, up: link("../@/file"), absolute: link("/@/full") },
  steps: words(`
    to-file to-full to-nothing up absolute file full fifo missing to-file/ to-full/ to-full/.
    to-nothing/ missing/ file/ absolute/inside file/below
  `).map((path) => step.readlink(`@/${path}`)),
}];

const bytes = (...values: number[]): PathSpec => (place) =>
  concat(bytesOf(`${place}/`), Uint8Array.from(values));

const names: { readonly what: string; readonly path: PathSpec }[] = [
  { what: "255 bytes", path: `@/${"n".repeat(255)}` },
  { what: "256 bytes", path: `@/${"n".repeat(256)}` },
  { what: "255 bytes of two each, and one", path: `@/${"é".repeat(127)}x` },
  { what: "256 bytes of two each", path: `@/${"é".repeat(128)}` },
  { what: "a space at its end", path: "@/name " },
  { what: "a line break", path: "@/a\nb" },
  { what: "control characters", path: "@/a\x01\x1b[0m\x7f" },
  { what: "a backslash", path: "@/a\\b" },
  { what: "a quotation mark", path: '@/a"b' },
  { what: "a minus", path: "@/-rf" },
  { what: "three dots", path: "@/..." },
  { what: "a dot in front", path: "@/.hidden" },
  { what: "a tilde", path: "@/~root" },
  { what: "Greek", path: "@/Ωμέγα" },
  { what: "Hebrew, from right to left", path: "@/שלום" },
  { what: "Japanese", path: "@/日本語" },
  { what: "an emoji", path: "@/🐟🐠" },
  { what: "a decomposed letter", path: "@/e\u0301" },
  { what: "a byte order mark", path: "@/\ufeffname" },
  { what: "U+FFFD", path: "@/\ufffd" },
  { what: "a noncharacter", path: "@/\uffff" },
  { what: "Latin-1", path: bytes(0x47, 0x72, 0xfc, 0xdf, 0x65) },
  { what: "half a UTF-8 sequence", path: bytes(0x61, 0xe2, 0x82) },
  { what: "a surrogate in UTF-8", path: bytes(0xed, 0xb2, 0x80) },
  { what: "an overlong slash", path: bytes(0xc0, 0xaf) },
  { what: "a NUL at its end", path: bytes(0x61, 0) },
];

const everyName: Case[] = names.map(({ what, path }) => ({
  name: `a name with ${what}`,
  tree: {},
  steps: [
    step.stat(path),
    step.open("h", path, 2 | 8),
    step.write("h", 0, "content"),
    step.close("h"),
    step.lstat(path),
    step.realpath(path),
    step.opendir("d", "@"),
    step.list("d"),
    step.rename(path, "@/plain"),
    step.symlink(path, "@/link"),
    step.readlink("@/link"),
    step.remove(path),
    step.mkdir(path),
    step.rmdir(path),
  ],
}));

const longPaths: { readonly what: string; readonly path: string }[] = [
  { what: "5,000 bytes in one name", path: "/@/" + "p".repeat(5000) },
  { what: "5,000 bytes of missing directories", path: "/@/" + "p/".repeat(2500) },
  { what: "5,000 bytes of directories that are there", path: "/@/d" + "/../d".repeat(999) },
  { what: "3,000 bytes of directories that are there", path: "/@/d" + "/../d".repeat(599) },
  {
    what: "4,150 bytes, in a directory whose own path is short enough",
    path: "/@/d" + "/../d".repeat(798) + "/" + "n".repeat(150),
  },
  { what: "5,000 bytes of slashes", path: "/@" + "/".repeat(5000) + "d" },
  { what: "5,000 bytes of dots", path: "/@" + "/.".repeat(2500) + "/d" },
  { what: "200,000 bytes", path: "/@/" + "p/".repeat(100_000) },
];

const everyLongPath: Case[] = longPaths.map(({ what, path }) => ({
  name: `a path of ${what}`,
  tree: { d: directory() },
  steps: [
    step.stat(path),
    step.lstat(path),
    step.open("h", path, 1),
    step.open("h", path, 2 | 8),
    step.opendir("d", path),
    step.remove(path),
    step.realpath(path),
    step.mkdir(path),
    step.readlink(path),
    step.rename(path, "@/x"),
    step.setstat(path, { permissions: 0o700 }),
    step.rmdir(path),
    step.symlink("text", path),
    step.posixRename("@/d", path),
    step.rename("@/d", path),
  ],
}));

/** RENAME, posix-rename, hardlink, REMOVE, RMDIR, MKDIR, SYMLINK, READLINK, and names as such. */
export const naming: readonly Case[] = [
  ...matrix,
  ...roots,
  ...removing,
  ...making,
  ...emptyAndRoot,
  ...linkTexts,
  ...reading,
  ...everyName,
  ...everyLongPath,
];
