import { Flag, str, u32 } from "../../support/raw.ts";
import { type Case, step, words } from "../script.ts";
import { directory, file, hardLinkOf, link, madeBy, type Node, type Tree } from "../tree.ts";

const DAY = 86_400;
const HALF_A_YEAR = 365 * DAY / 2;

/** A directory of this many files, with names of this many letters. */
function many(count: number, length: number): Tree {
  const entries = Array.from({ length: count }, (_, index): [string, Node] => [
    String(index).padStart(length, "n"),
    file("x"),
  ]);
  return Object.fromEntries(entries);
}

const counts: Case[] = [0, 1, 97, 98, 99, 100, 198, 199, 1000].map((count) => ({
  name: `READDIR of ${count} files`,
  tree: many(count, 5),
  steps: [step.opendir("d", "@"), step.list("d"), step.readdir("d"), step.close("d")],
}));

const long: Case = {
  name: "READDIR of 250 names of 255 bytes",
  tree: many(250, 255),
  steps: [step.opendir("d", "@"), step.list("d"), step.readdir("d")],
};

const now = Math.floor(Date.now() / 1000);

/** Seconds since 1970 that a listing shows: summer and winter, long past, and the six-month rule. */
const times: Readonly<Record<string, number>> = {
  epoch: 0,
  second: 1,
  "before-1970": -1,
  "in-1960": -300_000_000,
  "in-1901": -2_147_483_648,
  "in-2001": 1_000_000_000,
  summer: now - (now % (365 * DAY)) - 170 * DAY,
  yesterday: now - DAY,
  "a-week-ago": now - 7 * DAY,
  "five-months-ago": now - 150 * DAY,
  "nearly-six-months-ago": now - HALF_A_YEAR + 3600,
  "six-months-ago": now - HALF_A_YEAR - 3600,
  "a-year-ago": now - 365 * DAY,
  "in-an-hour": now + 3600,
  "next-year": now + 365 * DAY,
  "at-2-to-31": 2 ** 31,
  "at-2-to-32": 2 ** 32 - 1,
  "above-2-to-32": 2 ** 32 + 100,
  "first-of-month": 993_945_600 + 4 * 3600,
  midnight: 1_104_555_600,
  "spring-forward-before": 1_772_953_199,
  "spring-forward-after": 1_772_953_200,
  "fall-back-before": 1_793_512_799,
  "fall-back-after": 1_793_512_800,
};

const dated: Case = {
  name: "the date of a longname",
  tree: Object.fromEntries(
    Object.entries(times).map(([name, mtime]) => [name, file("x", 0o644, mtime)]),
  ),
  steps: [
    step.opendir("d", "@"),
    step.list("d"),
    ...Object.keys(times).map((name) => step.stat(`@/${name}`)),
  ],
};

const allModes: Tree = Object.fromEntries(
  Array.from({ length: 64 }, (_, index): [string, Node] => {
    // Every special bit with every execute bit; reading and writing go through all they can be.
    const mode = ((index >> 3) << 9) | (index & 4 ? 0o100 : 0) | (index & 2 ? 0o010 : 0) |
      (index & 1 ? 0o001 : 0) | ((index * 0o426) & 0o666);
    return [`f${index}`, file("x", mode)];
  }),
);

const kinds: Case[] = [
  {
    name: "the mode of a longname",
    tree: { ...allModes, sticky: directory(0o1777), setgid: directory(0o2775), d: directory(0) },
    steps: [step.opendir("d", "@"), step.list("d")],
  },
  {
    name: "the type of a longname",
    tree: {
      file: file("0123456789"),
      second: hardLinkOf("file"),
      d: directory(),
      "d/e": directory(),
      "d/f": directory(),
      "to-file": link("file"),
      "to-nothing": link("nothing at all"),
      fifo: madeBy("mkfifo", "{}"),
      character: madeBy("mknod", "{}", "c", "1", "3"),
      block: madeBy("mknod", "{}", "b", "7", "200"),
    },
    steps: [
      step.opendir("d", "@"),
      step.list("d"),
      step.opendir("e", "@/d/"),
      step.list("e"),
    ],
  },
  {
    name: "owners, sizes and names of a longname",
    tree: {
      "with space": file("x"),
      " leading": file("x"),
      "trailing ": file("x"),
      "Ünïcödé": file("x"),
      "日本語": file("x"),
      "a\nb\tc": file("x"),
      "\x1b[31mred": file("x"),
      empty: file(""),
      "size-7": file("x".repeat(1_234)),
      "owner-1": file("x"),
      "owner-nobody": file("x"),
      "owner-unknown": file("x"),
      "owner-huge": file("x"),
      big: madeBy("truncate", "-s", "12345678", "{}"),
      bigger: madeBy("truncate", "-s", "123456789", "{}"),
      huge: madeBy("truncate", "-s", "8T", "{}"),
    },
    steps: [
      step.setstat("@/owner-1", { uid: 1, gid: 1 }),
      step.setstat("@/owner-nobody", { uid: 65534, gid: 65534 }),
      step.setstat("@/owner-unknown", { uid: 54_321, gid: 54_322 }),
      step.setstat("@/owner-huge", { uid: 4_000_000_000, gid: 4_000_000_000 }),
      step.opendir("d", "@"),
      step.list("d"),
    ],
  },
];

const opening: Case[] = [{
  name: "OPENDIR of what is a directory and what is not",
  tree: {
    file: file("x"),
    d: directory(),
    "to-d": link("d"),
    "to-file": link("file"),
    "to-nothing": link("nothing"),
    "to-itself": link("to-itself"),
    up: link(".."),
    root: link("/"),
    fifo: madeBy("mkfifo", "{}"),
  },
  steps: words(`
    d d/ d/. d/.. to-d to-d/ to-d/.. up/@/d root/@/d file file/ to-file to-nothing to-itself fifo
    missing missing/.. file/below
  `).map((path) => step.opendir("d", `@/${path}`)),
}, {
  name: "READDIR while the directory changes",
  tree: { d: directory(), ...prefixed("d/", many(150, 5)) },
  steps: [
    step.opendir("d", "@/d"),
    step.list("d"),
    step.open("new", "@/d/new", Flag.WRITE | Flag.CREAT),
    step.readdir("d"),
    step.opendir("gone", "@/d"),
    step.rename("@/d", "@/moved"),
    step.rmdir("@/d"),
  ],
}, {
  name: "READDIR of a directory that has been removed",
  tree: { d: directory() },
  steps: [step.opendir("d", "@/d"), step.rmdir("@/d"), step.list("d"), step.close("d")],
}];

function prefixed(prefix: string, tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).map(([name, node]) => [prefix + name, node]));
}

const extensions: Case[] = [
  {
    name: "limits, statvfs and fstatvfs",
    tree: { file: file("x"), d: directory(), link: link("file"), broken: link("nothing") },
    steps: [
      step.limits(),
      ...["@", "@/file", "@/d", "@/d/", "@/link", "@/broken", "@/missing", "@/file/", "", "/", "."]
        .map((path) => step.statvfs(path)),
      step.open("h", "@/file", Flag.READ),
      step.fstatvfs("h"),
      step.open("w", "@/file", Flag.WRITE),
      step.fstatvfs("w"),
    ],
  },
  {
    name: "home-directory and expand-path",
    tree: { d: directory(), link: link("d") },
    steps: [
      ...["", "root", "nobody", "no_such_user", ".", "root/..", "~"]
        .map((user) => step.homeDirectory(user)),
      ...[
        "",
        ...words(`
        ~ ~/ ~/@/d ~/@/link ~/@/missing ~/@/missing/below ~root ~root/ ~root/@/link ~nobody
        ~no_such_user ~no_such_user/x . / @/d/.. @/~ /~ ~~ ~/..
      `),
      ].map((path) => step.expandPath(path)),
    ],
  },
  {
    name: "users-groups-by-id",
    tree: {},
    steps: [
      step.usersGroupsById([], []),
      step.usersGroupsById([0], []),
      step.usersGroupsById([], [0]),
      step.usersGroupsById([0, 1, 65534, 54_321, 0xffffffff], [0, 1, 65534, 54_321, 0xffffffff]),
      step.usersGroupsById(Array.from({ length: 2000 }, (_, uid) => uid), []),
    ],
  },
  {
    name: "extensions that are not known",
    tree: {},
    steps: [
      step.extended("no-such-extension@example.com"),
      step.extended(""),
      step.extended("POSIX-RENAME@openssh.com", str("a"), str("b")),
      step.extended("posix-rename", str("a"), str("b")),
      { ...step.extended("statvfs@openssh.com\0", str("/")), body: "statvfs" },
      step.extended("x".repeat(10_000), u32(1)),
    ],
  },
];

/** OPENDIR, READDIR, longnames, and the extensions that only ask. */
export const listing: readonly Case[] = [
  ...counts,
  long,
  dated,
  ...kinds,
  ...opening,
  ...extensions,
];
