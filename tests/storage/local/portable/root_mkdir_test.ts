/** Directories made by an account in one that hands on a group of which it is no member. */

import { assertEquals } from "@std/assert";
import { openLibc } from "../../../../lib/linux/libc.ts";
import type { Root } from "../../../../lib/storage/local/root.ts";
import { openKernelRoot } from "../../../../lib/storage/local/kernel/root.ts";
import { PortableRoot } from "../../../../lib/storage/local/portable/root.ts";
import { withTempDir } from "../../../support/files.ts";

const ACCOUNT = 65534;
const FOREIGN_GROUP = 4242;

const rights = { symlink: true, statfs: true };

// What is opened once and for all is no leak of the test that is the first.
const libc = openLibc();
const { symbols } = Deno.dlopen("libc.so.6", {
  setfsuid: { parameters: ["u32"], result: "i32" },
  setfsgid: { parameters: ["u32"], result: "i32" },
});

/** Works on files as `uid`, in this thread alone. */
function become(id: number): void {
  symbols.setfsgid(id);
  symbols.setfsuid(id);
}

/** The mode that a directory gets under the umask 022, for each that is asked for; as OpenSSH's server has it. */
const MODES = [
  [0o755, 0o2755],
  [0o700, 0o2700],
  [0o2755, 0o2755],
  [0o1777, 0o3755],
  [0o1700, 0o3700],
  [0o7777, 0o3755],
] as const;

const roots: readonly (readonly [name: string, open: (directory: string) => Root])[] = [
  ["portable root with libc", (directory) => new PortableRoot(directory, rights, libc)],
  ["portable root without libc", (directory) => new PortableRoot(directory, rights)],
  ["kernel root", (directory) => openKernelRoot(directory, libc)],
];

const SETGID = 0o2000;
const STICKY = 0o1000;

for (const [name, openRoot] of roots) {
  Deno.test({
    name: `${name}: MKDIR keeps a foreign group's bit, with the sticky bit too`,
    ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
    fn: () =>
      withTempDir(async (base) => {
        await Deno.chmod(base, 0o755);
        const shared = `${base}/shared`;
        await Deno.mkdir(shared);
        await Deno.chown(shared, ACCOUNT, FOREIGN_GROUP);
        await Deno.chmod(shared, 0o2777);
        const umask = Deno.umask(0o022);
        try {
          const root = openRoot(shared);
          for (const [asked, expected] of MODES) {
            become(ACCOUNT);
            try {
              root.mkdir("/made", asked);
            } finally {
              become(0);
            }
            const { mode, uid, gid } = await Deno.lstat(`${shared}/made`);
            // Without libc one of the two bits can be had, and the other can be set later.
            const wanted = name === "portable root without libc" ? expected & ~STICKY : expected;
            assertEquals((mode ?? 0) & 0o7777, wanted, `asked for ${asked.toString(8)}`);
            assertEquals([uid, gid], [ACCOUNT, FOREIGN_GROUP]);
            await Deno.remove(`${shared}/made`);
          }
          root.close();
        } finally {
          Deno.umask(umask);
        }
      }),
  });
}

Deno.test("portable root without libc: MKDIR sets the sticky bit beside a group's that stays", () =>
  withTempDir(async (base) => {
    await Deno.chmod(base, 0o755 | SETGID);
    new PortableRoot(base, rights).mkdir("/made", 0o1755);
    const { mode } = await Deno.lstat(`${base}/made`);
    assertEquals((mode ?? 0) & 0o7000, SETGID | STICKY);
  }));
