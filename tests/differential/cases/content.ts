import { Flag, str, Type, u32, u64 } from "../../support/raw.ts";
import { type Case, step } from "../script.ts";
import { directory, file, hardLinkOf, link } from "../tree.ts";

const { READ, WRITE, APPEND, CREAT } = Flag;

const MAX_DATA = 261_120;

const positions = [
  0,
  9,
  10,
  11,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40,
  2n ** 43n,
  2n ** 44n - 4096n,
  2n ** 44n,
  2n ** 52n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

const everyPosition: Case[] = positions.flatMap((position) => [
  {
    name: `READ at ${position}`,
    tree: { file: file("0123456789") },
    steps: [
      step.open("h", "@/file", READ | WRITE),
      step.read("h", position, 4),
      step.read("h", position, 0),
      step.read("h", position, 0xffffffff),
      step.fstat("h"),
    ],
  },
  {
    name: `WRITE at ${position}`,
    tree: { file: file("0123456789"), appended: file("0123456789") },
    steps: [
      step.open("h", "@/file", READ | WRITE),
      step.write("h", position, "ab"),
      step.fstat("h"),
      step.read("h", position, 10),
      step.write("h", position, ""),
      step.open("a", "@/appended", READ | WRITE | APPEND),
      step.write("a", position, "ab"),
      step.fstat("a"),
      step.read("a", 0, 100),
    ],
  },
]);

const large = new Uint8Array(1_000_000).map((_, at) => (at * 31 + (at >> 8)) & 0x7f);

const lengths: Case[] = [
  0,
  1,
  32_768,
  MAX_DATA - 1,
  MAX_DATA,
  MAX_DATA + 1,
  262_144,
  2 ** 31,
  2 ** 32 - 1,
].map((length) => ({
  name: `READ of ${length} bytes`,
  tree: { large: file(large), empty: file("") },
  steps: [
    step.open("h", "@/large", READ),
    step.read("h", 0, length),
    step.read("h", 900_000, length),
    step.read("h", 999_999, length),
    step.read("h", 1_000_000, length),
    step.open("e", "@/empty", READ),
    step.read("e", 0, length),
  ],
}));

const writes: Case[] = [0, 1, 32_768, MAX_DATA, 262_144 - 50].map((length) => ({
  name: `WRITE of ${length} bytes`,
  tree: {},
  steps: [
    step.open("h", "@/new", READ | WRITE | CREAT),
    step.write("h", 0, large.subarray(0, length)),
    step.write("h", 100_000, large.subarray(0, length)),
    step.fstat("h"),
    step.read("h", 99_999, 10),
  ],
}));

const copies: Case[] = [
  [0, 0, 0],
  [0, 5, 0],
  [2, 5, 3],
  [0, 10, 0],
  [0, 11, 0],
  [5, 100, 20],
  [10, 0, 0],
  [11, 0, 0],
  [11, 1, 0],
  [0, 2n ** 53n, 0],
  [0, 2n ** 64n - 1n, 0],
  [2n ** 63n, 0, 0],
  [2n ** 64n - 1n, 4, 0],
  [0, 4, 2n ** 63n],
  [0, 0, 2n ** 64n - 1n],
  [0, 4, 2 ** 32],
].map(([from, length, to]) => ({
  name: `copy-data from ${from}, ${length} bytes, to ${to}`,
  tree: { source: file("0123456789"), target: file("ABCDEFGHIJKLMNOP"), append: file("tail") },
  steps: [
    step.open("s", "@/source", READ),
    step.open("t", "@/target", READ | WRITE),
    step.copyData("s", from!, length!, "t", to!),
    step.fstat("t"),
    step.read("t", 0, 100),
    step.open("a", "@/append", READ | WRITE | APPEND),
    step.copyData("s", from!, length!, "a", to!),
    step.read("a", 0, 100),
  ],
}));

const copyRefusals: Case[] = [{
  name: "copy-data where it cannot be",
  tree: {
    source: file("0123456789"),
    same: hardLinkOf("source"),
    link: link("source"),
    target: file("ABC"),
    d: directory(),
  },
  steps: [
    step.open("s", "@/source", READ | WRITE),
    step.open("again", "@/source", READ | WRITE),
    step.open("dotted", "@/./source", READ | WRITE),
    step.open("same", "@/same", READ | WRITE),
    step.open("link", "@/link", READ | WRITE),
    step.open("write", "@/target", WRITE),
    step.open("read", "@/target", READ),
    step.opendir("d", "@/d"),
    step.copyData("s", 0, 4, "s", 5),
    step.copyData("s", 0, 4, "again", 5),
    step.copyData("write", 0, 1, "s", 0),
    step.copyData("s", 0, 4, "read", 0),
    step.copyData("d", 0, 4, "write", 0),
    step.copyData("s", 0, 4, "d", 0),
    step.copyData(u32(0xfffffff0), 0, 4, "write", 0),
    step.copyData("s", 0, 4, u32(0xfffffff0), 0),
    step.copyData(new Uint8Array(0), 0, 4, new Uint8Array(5), 0),
    step.copyData("s", 0, 0, "write", 0),
    step.read("read", 0, 100),
  ],
}, {
  name: "copy-data between two names of one file",
  tree: { source: file("0123456789"), same: hardLinkOf("source"), link: link("source") },
  steps: [
    step.open("s", "@/source", READ),
    step.open("same", "@/same", READ | WRITE),
    step.open("link", "@/link", READ | WRITE),
    step.copyData("s", 0, 4, "same", 5),
    step.copyData("s", 0, 4, "link", 5),
    step.read("s", 0, 100),
  ],
}];

const badHandles = [
  u32(0xfffffff0),
  u32(0x7fffffff),
  new Uint8Array(0),
  new Uint8Array(1),
  new Uint8Array(3),
  new Uint8Array(5),
  new Uint8Array(8),
  new Uint8Array(256),
];

const everyBadHandle: Case[] = badHandles.map((handle, index) => ({
  name: `a handle that was never given, ${index}`,
  tree: { file: file("0123456789") },
  steps: [
    step.close(handle),
    step.read(handle, 0, 1),
    step.read(handle, 0, 0),
    step.read(handle, 2n ** 63n, 1),
    step.write(handle, 0, "x"),
    step.write(handle, 0, ""),
    step.write(handle, 2n ** 64n - 1n, "x"),
    step.fstat(handle),
    step.fsetstat(handle, {}),
    step.fsetstat(handle, { size: 1 }),
    step.readdir(handle),
    step.fstatvfs(handle),
    step.fsync(handle),
    step.copyData(handle, 0, 0, handle, 0),
  ],
}));

const wrongHandles: Case[] = [{
  name: "a handle of the other kind",
  tree: { file: file("0123456789"), d: directory(), "d/e": file("e") },
  steps: [
    step.open("f", "@/file", READ | WRITE),
    step.opendir("d", "@/d"),
    step.readdir("f"),
    step.read("d", 0, 1),
    step.read("d", 0, 0),
    step.write("d", 0, "x"),
    step.fstat("d"),
    step.fsetstat("d", { permissions: 0o700 }),
    step.fsetstat("d", {}),
    step.fstatvfs("d"),
    step.fsync("d"),
    step.list("d"),
    step.readdir("d"),
    step.close("d"),
  ],
}, {
  name: "a handle that has been closed",
  tree: { file: file("0123456789"), d: directory() },
  steps: [
    step.open("f", "@/file", READ | WRITE),
    step.opendir("d", "@/d"),
    step.close("f"),
    step.close("d"),
    ...(["f", "d"] as const).flatMap((handle) => [
      step.close(handle),
      step.read(handle, 0, 1),
      step.write(handle, 0, "x"),
      step.fstat(handle),
      step.fsetstat(handle, { size: 0 }),
      step.readdir(handle),
      step.fstatvfs(handle),
      step.fsync(handle),
    ]),
  ],
}];

const fields = str("@/nowhere");
const trailing: Case[] = [{
  name: "bytes behind the last field are ignored",
  tree: { file: file("0123456789") },
  steps: [
    step.packet("stat with more", Type.STAT, new Uint8Array([...str("/etc"), 1, 2, 3])),
    step.packet("realpath with more", Type.REALPATH, new Uint8Array([...str("/etc"), ...fields])),
    step.packet("mkdir with more", Type.MKDIR, new Uint8Array([...str("/etc"), ...u32(0), 9])),
    step.packet("close with more", Type.CLOSE, new Uint8Array([...u32(4), ...u64(0)])),
    step.extended("limits@openssh.com", u64(1)),
  ],
}];

/** READ, WRITE, copy-data, and handles as such. */
export const content: readonly Case[] = [
  ...everyPosition,
  ...lengths,
  ...writes,
  ...copies,
  ...copyRefusals,
  ...everyBadHandle,
  ...wrongHandles,
  ...trailing,
];
