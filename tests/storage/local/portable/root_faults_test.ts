/** What the system says where Deno's own file API says nothing, or stops. */

import { assertEquals, assertThrows } from "@std/assert";
import { StorageError } from "../../../../lib/storage/errors.ts";
import { openLibc } from "../../../../lib/linux/libc.ts";
import type { Root, RootDir } from "../../../../lib/storage/local/root.ts";
import { openKernelRoot } from "../../../../lib/storage/local/kernel/root.ts";
import { PortableRoot } from "../../../../lib/storage/local/portable/root.ts";
import { how } from "../../../../lib/testing/subject.ts";
import { needsFaultyFs, withFaultyFs } from "../../../support/faulty_fs.ts";

const rights = { symlink: true, statfs: true };

// What is opened once and for all is no leak of the test that is the first.
const libc = openLibc();

const roots: readonly (readonly [name: string, open: (directory: string) => Root])[] = [
  ["portable root with libc", (directory) => new PortableRoot(directory, rights, libc)],
  ["portable root without libc", (directory) => new PortableRoot(directory, rights)],
  ["kernel root", (directory) => openKernelRoot(directory, libc)],
];

function namesOf(directory: RootDir): string[] {
  const names: string[] = [];
  for (let batch = directory.next(2); batch.length > 0; batch = directory.next(2)) {
    names.push(...batch.map(({ name }) => name));
  }
  return names.sort();
}

function assertFails(action: () => void, reason: string): void {
  assertEquals(assertThrows(action, StorageError).message, reason);
}

for (const [name, openRoot] of roots) {
  const told = name !== "portable root without libc";

  Deno.test({
    name: `${name}: CLOSE fails where the system says only then that what was written is lost`,
    ...needsFaultyFs,
    fn: () =>
      withFaultyFs((mounted) => {
        const root = openRoot(mounted);
        const file = root.open("/full", how("write", "create"), 0o600);
        file.write(new Uint8Array(1000), 0);
        assertFails(() => file.close(), told ? "no space left on device" : "input/output error");
        assertEquals(root.stat("/full").size, 1000);
        root.close();
        return Promise.resolve();
      }),
  });

  Deno.test({
    name: `${name}: a size that is set by path fails where the close says so`,
    ...needsFaultyFs,
    fn: () =>
      withFaultyFs(async (mounted, back) => {
        await Deno.writeTextFile(`${back}/full`, "content");
        const root = openRoot(mounted);
        const reason = told ? "no space left on device" : "input/output error";
        assertFails(() => root.truncate("/full", 3), reason);
        root.close();
      }),
  });

  Deno.test({
    name: `${name}: what was only read closes without a look at what is stored`,
    ...needsFaultyFs,
    fn: () =>
      withFaultyFs(async (mounted, back) => {
        await Deno.writeTextFile(`${back}/file`, "content");
        const root = openRoot(mounted);
        const file = root.open("/file", how("read"), 0);
        assertEquals(file.read(new Uint8Array(100), 0), 7);
        file.close();
        root.close();
      }),
  });

  Deno.test({
    name: `${name}: an entry that cannot be looked at is left out of the listing`,
    ...needsFaultyFs,
    fn: () =>
      withFaultyFs(async (mounted, back) => {
        await Deno.writeTextFile(`${back}/file`, "content");
        const root = openRoot(mounted);
        const directory = root.openDir("/");
        assertEquals(namesOf(directory), [".", "..", "cut", "file"]);
        directory.close();
        root.close();
      }),
  });
}

for (const [name, openRoot] of roots.filter(([name]) => name !== "portable root without libc")) {
  Deno.test({
    name: `${name}: CLOSE fails where closing tells of it and storing does not`,
    ...needsFaultyFs,
    fn: () =>
      withFaultyFs((mounted) => {
        const root = openRoot(mounted);
        const file = root.open("/quota", how("write", "create"), 0o600);
        file.write(new Uint8Array(1000), 0);
        assertFails(() => file.close(), "disk quota exceeded");
        root.close();
        return Promise.resolve();
      }),
  });

  Deno.test({
    name: `${name}: a listing that the system breaks off is no short listing`,
    ...needsFaultyFs,
    fn: () =>
      withFaultyFs((mounted) => {
        const root = openRoot(mounted);
        const directory = root.openDir("/cut");
        assertFails(() => namesOf(directory), "input/output error");
        directory.close();
        root.close();
        return Promise.resolve();
      }),
  });
}
