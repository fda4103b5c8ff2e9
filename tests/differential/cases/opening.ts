import { Flag } from "../../support/raw.ts";
import { type Case, step, words } from "../script.ts";
import { directory, file, hardLinkOf, link, madeBy, partOf, type Tree } from "../tree.ts";

const { READ, WRITE, APPEND, CREAT, TRUNC, EXCL } = Flag;

/** What OPEN may meet. */
const targets: Tree = {
  file: file("0123456789"),
  directory: directory(),
  "to-file": link("file"),
  "to-directory": link("directory"),
  "to-nothing": link("made-through-link"),
  "to-nothing-as-directory": link("made-through-link/"),
  "to-file-as-directory": link("file/."),
  "to-itself": link("to-itself"),
  absolute: link("/@/file"),
};

const device = madeBy("mknod", "{}", "c", "1", "3");

const paths = words(`
  file missing directory to-file to-directory to-nothing to-itself absolute
`);

/** Each of the 64 combinations of `pflags`, on each kind of target. */
const everyFlag: Case[] = paths.flatMap((path) =>
  Array.from({ length: 64 }, (_, pflags) => ({
    name: `OPEN of ${path} with pflags ${pflags}`,
    tree: partOf(targets, path),
    steps: [
      step.open("h", `@/${path}`, pflags),
      step.fstat("h"),
      step.read("h", 0, 4),
      step.write("h", 2, "ab"),
      step.write("h", 0, ""),
      step.fstat("h"),
      step.read("h", 0, 0),
      step.read("h", 0, 100),
      step.read("h", 100, 100),
      step.fsync("h"),
      step.close("h"),
      step.close("h"),
    ],
  }))
);

const modes = [
  0o666,
  0o777,
  0o600,
  0o000,
  0o400,
  0o4755,
  0o2755,
  0o1777,
  0o7777,
  0o100644,
  0o40755,
  0o120777,
  0xffffffff,
];

/** The mode of a new file, which the umask cuts; one that is there keeps its own. */
const everyMode: Case[] = modes.flatMap((permissions) => [
  {
    name: `OPEN makes a file of mode ${permissions.toString(8)}`,
    tree: { file: file("old", 0o640) },
    steps: [
      step.open("new", "@/new", WRITE | CREAT, { permissions }),
      step.fstat("new"),
      step.open("old", "@/file", WRITE | CREAT | TRUNC, { permissions }),
      step.fstat("old"),
      step.open("exclusive", "@/exclusive", READ | WRITE | CREAT | EXCL, { permissions }),
      step.write("exclusive", 0, "x"),
      step.fstat("exclusive"),
    ],
  },
  {
    name: `MKDIR makes a directory of mode ${permissions.toString(8)}`,
    tree: {},
    steps: [step.mkdir("@/new", { permissions }), step.lstat("@/new")],
  },
]);

/** Attributes besides the mode, which OPEN and MKDIR do not apply. */
const otherAttributes: Case[] = [
  {
    name: "OPEN and MKDIR with size, owner, times and extended attributes",
    tree: {},
    steps: [
      step.open("h", "@/f", WRITE | CREAT, {
        size: 100,
        uid: 1,
        gid: 2,
        permissions: 0o600,
        atime: 5,
        mtime: 6,
        extended: [["a@b", "c"], ["", ""]],
      }),
      step.fstat("h"),
      step.mkdir("@/d", { size: 100, uid: 1, gid: 2, atime: 5, mtime: 6, extended: [["x", "y"]] }),
      step.lstat("@/d"),
    ],
  },
  {
    name: "OPEN with pflags that are not defined",
    tree: { file: file("0123456789") },
    steps: [
      step.open("a", "@/file", READ | 0x40),
      step.read("a", 0, 4),
      step.open("b", "@/file", 0xffffffc0),
      step.read("b", 0, 4),
    ],
  },
];

/** Where a path ends in `/` or in `/.`, and what is no file. */
const oddTargets: Case[] = words(`
  file/ file/. missing/ missing/. directory/ directory/. directory/.. to-file/ to-directory/
  to-nothing/ to-nothing-as-directory to-file-as-directory device file/below missing/below
  to-file/below directory/../file to-directory/../file
`).flatMap((path) =>
  [READ, WRITE, WRITE | CREAT, WRITE | CREAT | EXCL, WRITE | TRUNC].map((pflags) => ({
    name: `OPEN of ${path} with pflags ${pflags}`,
    tree: partOf({ ...targets, device }, path, "file"),
    steps: [step.open("h", `@/${path}`, pflags), step.read("h", 0, 4), step.close("h")],
  }))
);

/** What an open file does when its name changes, and when others change it. */
const openFiles: Case[] = [
  {
    name: "a file that is removed stays open",
    tree: { file: file("0123456789") },
    steps: [
      step.open("h", "@/file", READ | WRITE),
      step.remove("@/file"),
      step.read("h", 2, 4),
      step.write("h", 10, "more"),
      step.fstat("h"),
      step.fsetstat("h", { size: 5, permissions: 0o600, atime: 3, mtime: 4, uid: 1, gid: 1 }),
      step.fstat("h"),
      step.read("h", 0, 100),
      step.fstatvfs("h"),
      step.stat("@/file"),
      step.open("again", "@/file", WRITE | CREAT),
      step.write("again", 0, "other"),
      step.read("h", 0, 100),
    ],
  },
  {
    name: "a file that is renamed stays open",
    tree: { file: file("0123456789"), other: file("other") },
    steps: [
      step.open("h", "@/file", READ | WRITE),
      step.rename("@/file", "@/moved"),
      step.posixRename("@/moved", "@/other"),
      step.write("h", 0, "ABC"),
      step.open("other", "@/other", READ),
      step.read("other", 0, 100),
    ],
  },
  {
    name: "two handles of one file see each other's writes",
    tree: { file: file("0123456789"), second: hardLinkOf("file") },
    steps: [
      step.open("a", "@/file", READ | WRITE),
      step.open("b", "@/second", READ | WRITE | APPEND),
      step.write("b", 0, "tail"),
      step.write("a", 0, "head"),
      step.read("a", 0, 100),
      step.read("b", 0, 100),
      step.fsetstat("a", { size: 3 }),
      step.read("b", 0, 100),
      step.write("b", 100, "z"),
      step.read("a", 0, 100),
    ],
  },
  {
    name: "a file that was opened without READ, without WRITE and with neither",
    tree: { file: file("0123456789") },
    steps: [
      step.open("w", "@/file", WRITE),
      step.read("w", 0, 4),
      step.fsetstat("w", { size: 4 }),
      step.open("r", "@/file", READ),
      step.write("r", 0, "x"),
      step.fsetstat("r", { size: 2 }),
      step.fsetstat("r", { permissions: 0o604 }),
      step.fsetstat("r", { atime: 1, mtime: 2 }),
      step.fsync("r"),
      step.open("n", "@/file", 0),
      step.read("n", 0, 4),
      step.write("n", 0, "x"),
      step.fstat("n"),
    ],
  },
];

/** OPEN, and MKDIR's mode. */
export const opening: readonly Case[] = [
  ...everyFlag,
  ...everyMode,
  ...otherAttributes,
  ...oddTargets,
  ...openFiles,
];
