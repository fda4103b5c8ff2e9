import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { openLibc } from "../../../lib/storage/local/libc.ts";
import { tryAgain } from "../../../lib/storage/local/patience.ts";
import type { Root } from "../../../lib/storage/local/root.ts";
import { openKernelRoot } from "../../../lib/storage/local/root_kernel.ts";
import { PortableRoot } from "../../../lib/storage/local/root_portable.ts";
import { how } from "../../../lib/testing/subject.ts";
import { withTempDir } from "../../support/files.ts";
import { withLease } from "./leases.ts";
import { assertFails, get, put, run, using } from "./places.ts";

const libc = openLibc();
const LINUX = { ignore: Deno.build.os !== "linux" };

const ROOTS: readonly [name: string, open: (directory: string) => Root][] = [
  ["the kernel", (directory) => openKernelRoot(directory, libc)],
  ["Deno's file API", (directory) => {
    return new PortableRoot(directory, { symlink: true, statfs: true });
  }],
];

const ATTEMPTS: readonly [name: string, attempt: (root: Root) => void, left: string][] = [
  ["to be written is waited for", (root) => {
    using(root.open("/file", how("write"), 0), (file) => file.write(Uint8Array.of(0x43), 0));
  }, "Content"],
  ["to be uploaded over is waited for", (root) => put(root, "/file", "new"), "new"],
  ["whose size is to be set is waited for", (root) => root.truncate("/file", 4), "cont"],
];

for (const [kind, open] of ROOTS) {
  for (const [name, attempt, left] of ATTEMPTS) {
    Deno.test(`by ${kind}: a file on lease to another process ${name}`, LINUX, async () => {
      await withTempDir(async (directory) => {
        const root = open(directory);
        put(root, "/file", "content");
        await withLease(`${directory}/file`, () => attempt(root));
        assertEquals(get(root, "/file"), left);
        root.close();
      });
    });
  }

  Deno.test(`by ${kind}: a FIFO is refused at once, and never waited for`, LINUX, async () => {
    await withTempDir((directory) => {
      const root = open(directory);
      run("mkfifo", `${directory}/fifo`);
      for (const flag of ["read", "write"] as const) {
        assertFails(() => root.open("/fifo", how(flag), 0), "failure: not a regular file");
      }
      root.close();
      return Promise.resolve();
    });
  });
}

Deno.test("tryAgain() gives up when its time is over, and makes a last try then", () => {
  let tries = 0;
  const patience = { wholeMs: 40, longestPauseMs: 4 };
  const begin = performance.now();
  assertEquals(tryAgain(patience, () => ++tries, () => true), tries);
  assertGreater(performance.now() - begin, 40);
  assertGreater(tries, 1);
  assertLess(tries, 40);
});
