/**
 * A request of every kind, and what its observers must see of it.
 *
 * @module
 */

import type { Facts, Findings } from "../../lib/session/facts.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { ask, bytesOf, type Request } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";

/** The open handles: `/file` for reading and writing, `/`, `/other` for reading and writing. */
export type Open = readonly [file: Uint8Array, directory: Uint8Array, other: Uint8Array];

/** A request, by OpenSSH's name for it. */
export interface Sample {
  readonly name: string;
  readonly request: (open: Open) => Request;
  /** Everything known of it, except times. */
  readonly facts: Facts;
  /** What it finds in the tree of {@linkcode sampleTree}, if that is the same each time. */
  readonly finds?: Findings;
}

const OPEN_TO_READ = {
  read: true,
  write: false,
  append: false,
  create: false,
  truncate: false,
  exclusive: false,
};

/** One of each kind; CLOSE takes a handle that others need, and so comes last. */
export const SAMPLES: readonly Sample[] = [
  {
    name: "open",
    request: () => ask.open("//file", 1, { permissions: 0o640 }),
    facts: {
      path: "/file",
      pflags: 1,
      options: { ...OPEN_TO_READ, attrs: { permissions: 0o640 } },
      attrs: { permissions: 0o640 },
    },
  },
  {
    name: "read",
    request: ([file]) => ask.read(file, 2, 10),
    facts: { path: "/file", offset: 2, length: 10 },
    finds: { bytes: 5 },
  },
  {
    name: "write",
    request: ([file]) => ask.write(file, 1, "xyz"),
    facts: { path: "/file", offset: 1, length: 3, data: bytesOf("xyz") },
    finds: { bytes: 3 },
  },
  { name: "lstat", request: () => ask.lstat("link"), facts: { path: "/link" } },
  { name: "fstat", request: ([file]) => ask.fstat(file), facts: { path: "/file" } },
  { name: "stat", request: () => ask.stat("./file"), facts: { path: "/file" } },
  {
    name: "setstat",
    request: () => ask.setstat("/file", { permissions: 0o600 }),
    facts: { path: "/file", attrs: { permissions: 0o600 } },
  },
  {
    name: "fsetstat",
    request: ([file]) => ask.fsetstat(file, { size: 3 }),
    facts: { path: "/file", attrs: { size: 3 } },
  },
  { name: "opendir", request: () => ask.opendir("."), facts: { path: "/" } },
  {
    name: "readdir",
    request: ([, directory]) => ask.readdir(directory),
    facts: { path: "/" },
    finds: { entries: 10 },
  },
  { name: "remove", request: () => ask.remove("to-remove"), facts: { path: "/to-remove" } },
  {
    name: "mkdir",
    request: () => ask.mkdir("made", { permissions: 0o700 }),
    facts: { path: "/made", attrs: { permissions: 0o700 } },
  },
  { name: "rmdir", request: () => ask.rmdir("to-rmdir"), facts: { path: "/to-rmdir" } },
  {
    name: "realpath",
    request: () => ask.realpath("."),
    facts: { path: "/" },
    finds: { name: "/" },
  },
  {
    name: "rename",
    request: () => ask.rename("to-rename", "renamed"),
    facts: { path: "/to-rename", to: "/renamed" },
  },
  {
    name: "readlink",
    request: () => ask.readlink("link"),
    facts: { path: "/link" },
    finds: { name: "../file" },
  },
  {
    name: "symlink",
    request: () => ask.symlink("../x", "new-link"),
    facts: { path: "/new-link", target: "../x" },
  },
  {
    name: "posix-rename",
    request: () => ask.posixRename("to-replace", "replaced"),
    facts: { path: "/to-replace", to: "/replaced" },
  },
  { name: "statvfs", request: () => ask.statvfs("."), facts: { path: "/" } },
  { name: "fstatvfs", request: ([file]) => ask.fstatvfs(file), facts: { path: "/file" } },
  {
    name: "hardlink",
    request: () => ask.hardlink("file", "second"),
    facts: { path: "/file", to: "/second" },
  },
  { name: "fsync", request: ([file]) => ask.fsync(file), facts: { path: "/file" } },
  {
    name: "lsetstat",
    request: () => ask.lsetstat("link", { uid: 1, gid: 2 }),
    facts: { path: "/link", attrs: { uid: 1, gid: 2 } },
  },
  { name: "limits", request: () => ask.limits(), facts: {} },
  {
    name: "expand-path",
    request: () => ask.expandPath("~"),
    facts: { text: "~" },
    finds: { name: "/" },
  },
  {
    name: "copy-data",
    request: ([file, , other]) => ask.copyData(file, 1, 2, other, 4),
    facts: { path: "/file", offset: 1, length: 2, to: "/other", targetOffset: 4 },
  },
  {
    name: "home-directory",
    request: () => ask.homeDirectory(""),
    facts: { text: "" },
    finds: { name: "/" },
  },
  {
    name: "users-groups-by-id",
    request: () => ask.usersGroupsById([0, 1], [2]),
    facts: { uids: [0, 1], gids: [2] },
  },
  {
    name: "check-file-handle",
    request: ([file]) => ask.checkFileHandle(file, "md5"),
    facts: { path: "/file" },
  },
  {
    name: "check-file-name",
    request: () => ask.checkFileName("file", "md5"),
    facts: { path: "/file" },
  },
  {
    name: "check-file",
    request: ([file]) => ask.checkFileHandle(file, "md5", { name: "check-file" }),
    facts: { path: "/file" },
  },
  {
    name: "unsupported",
    request: () => ask.extended("no-such"),
    facts: { text: 'extended request "no-such"' },
  },
  {
    name: "close",
    request: ([file]) => ask.close(file),
    // The bytes of READ, WRITE and copy-data above.
    facts: { path: "/file", kind: "file", bytesRead: 7, bytesWritten: 3 },
  },
];

/** A tree on which every sample but the unknown one succeeds. */
export async function sampleTree(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const maker = new Dialogue(storage);
  for (const name of ["file", "other", "to-remove", "to-rename", "to-replace", "replaced"]) {
    const handle = await maker.handle(ask.open(`/${name}`, 2 | 8));
    await maker.ask(ask.write(handle, 0, "content"));
    await maker.ask(ask.close(handle));
  }
  await maker.ask(ask.mkdir("/to-rmdir"));
  await maker.ask(ask.symlink("../file", "/link"));
  return storage;
}

/** Opens what the samples need. */
export async function openAll(dialogue: Dialogue): Promise<Open> {
  return [
    await dialogue.handle(ask.open("/file", 1 | 2)),
    await dialogue.handle(ask.opendir("/")),
    await dialogue.handle(ask.open("/other", 1 | 2)),
  ];
}
