import {
  assertEquals,
  assertFalse,
  assertGreater,
  AssertionError,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { ConnectionLostError } from "../../../lib/client/errors.ts";
import { StorageError } from "../../../lib/storage/errors.ts";
import { JailStorage } from "../../../lib/storage/local/jail.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import { LeaseHeld, whenFree } from "../../../lib/storage/local/lease_wait.ts";
import type { Root } from "../../../lib/storage/local/root.ts";
import { openKernelRoot } from "../../../lib/storage/local/kernel/root.ts";
import { PortableRoot } from "../../../lib/storage/local/portable/root.ts";
import { how } from "../../../lib/testing/subject.ts";
import { withTempDir } from "../../support/files.ts";
import { jailWords, withJail } from "../../support/jail.ts";
import { startServer } from "../../support/server.ts";
import { withLease } from "./leases.ts";
import { assertFails, get, put, run } from "./places.ts";

const libc = openLibc();
const FOREVER_MS = 100_000;
const LINUX = { ignore: Deno.build.os !== "linux" };

const ROOTS: readonly [name: string, open: (directory: string) => Root][] = [
  ["the kernel", (directory) => openKernelRoot(directory, libc)],
  ["Deno's file API", (directory) => {
    return new PortableRoot(directory, { symlink: true, statfs: true });
  }],
];

const ATTEMPTS: readonly [
  name: string,
  attempt: (storage: JailStorage) => Promise<void>,
  left: string,
][] = [
  ["to be written is waited for", async (storage) => {
    const file = await storage.open("/file", how("write"));
    file.write(Uint8Array.of(0x43), 0);
    file.close();
  }, "Content"],
  ["to be uploaded over is waited for", async (storage) => {
    (await storage.open("/file", how("write", "create", "truncate"))).close();
  }, ""],
  ["whose size is to be set is waited for", async (storage) => {
    await storage.setAttrs("/file", { size: 4, permissions: 0o640 });
    assertEquals(storage.stat("/file").permissions, 0o100640);
  }, "cont"],
];

for (const [kind, open] of ROOTS) {
  for (const [name, attempt, left] of ATTEMPTS) {
    Deno.test(`by ${kind}: a file on lease to another process ${name}`, LINUX, async () => {
      await withTempDir(async (directory) => {
        const root = open(directory);
        const storage = new JailStorage(root);
        put(root, "/file", "content");
        await withLease(`${directory}/file`, () => attempt(storage));
        assertEquals(get(root, "/file"), left);
        storage.close();
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

Deno.test("whenFree() waits for a lease no longer than it may, and not for other failures", async () => {
  let tries = 0;
  const wait = { isOver: () => false, wholeMs: 40 };
  const begin = performance.now();
  await assertRejects(
    async () => {
      await whenFree(() => {
        tries++;
        throw new LeaseHeld();
      }, wait);
    },
    StorageError,
    "temporarily unavailable",
  );
  assertGreater(performance.now() - begin, 40);
  assertGreater(tries, 2);
  assertThrows(() => whenFree(() => assertFalse(true), wait), AssertionError);
});

Deno.test("whenFree() tries nothing more when nobody waits for it any more", async () => {
  let tries = 0;
  let isOver = false;
  const waiting = whenFree(() => {
    tries++;
    throw new LeaseHeld();
  }, { isOver: () => isOver });
  isOver = true;
  await assertRejects(() => Promise.resolve(waiting), StorageError, "temporarily unavailable");
  assertEquals(tries, 1);
});

Deno.test({
  name: "a session that waits for a lease ends when its time is over",
  ...LINUX,
  fn: () =>
    withJail(async ({ jail }) => {
      await Deno.writeTextFile(`${jail}/file`, "content");
      const words = jailWords(jail, { options: ["--max-session=1"] });
      const [program = "", ...args] = words;
      await using server = await startServer(program, args);
      await withLease(`${jail}/file`, async () => {
        const opening = server.client.open("/file", { write: true });
        await assertRejects(() => opening, ConnectionLostError);
      }, FOREVER_MS);
      const { status } = await server.stop();
      assertEquals(status.code, 255);
    }),
});
