import { assert, assertEquals, assertGreater } from "@std/assert";
import { LIBC_PATHS, openLibc } from "../../lib/linux/libc.ts";
import { Poll } from "../../lib/linux/linux.ts";
import { runChild } from "../storage/local/child.ts";
import { withPlaces } from "../storage/local/places.ts";
import { withTempDir } from "../support/files.ts";

const libc = openLibc();
const EBADF = -9;
const ENOTSOCK = -88;

/** What the child tells where libc could be opened. */
const WORKS = {
  opened: true,
  again: false,
  content: "content",
  names: ["file"],
  missing: "not-found: no such file",
  privileges: 0,
  dumpable: 0,
};

/** Where this system keeps libc. */
const path = LIBC_PATHS.find((candidate) => {
  try {
    return Deno.statSync(candidate).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
});

Deno.test("openLibc() works under --allow-ffi, and after it is given back", async () => {
  await withTempDir(async (jail) => {
    assertEquals(await runChild("libc_child.ts", { flags: ["--allow-ffi"], args: [jail] }), WORKS);
  });
});

Deno.test("openLibc() works under --allow-ffi=PATH, and after it is given back", {
  ignore: path === undefined,
}, async () => {
  await withTempDir(async (jail) => {
    const flags = [`--allow-ffi=${path}`];
    assertEquals(await runChild("libc_child.ts", { flags, args: [jail] }), WORKS);
  });
});

Deno.test("openLibc() is not capable without a permission, and asks for none", async () => {
  for (const flags of [[], ["--allow-ffi=/no/such/libc.so"]]) {
    const found = await runChild("libc_child.ts", { flags, args: ["/"] });
    assertEquals(found, { opened: "NotCapable" });
  }
});

Deno.test("a failed call returns -errno", () => {
  const name = new TextEncoder().encode("no such name\0");
  assertEquals(libc.close(-1), EBADF);
  assertEquals(libc.pread(-1, new Uint8Array(1), 0), EBADF);
  assertEquals(libc.mkdirat(-1, name, 0o777), EBADF);
  assertEquals(libc.unlinkat(-100, name, 0), -2);
  assertEquals(libc.fstatat(-100, name, new Uint8Array(256), 0n), -2);
  assertEquals(libc.poll(new Uint8Array(8), 0), 0);
});

Deno.test("pread() and pwrite() reach any position, and take a part of a buffer", () => {
  withPlaces(({ base }) => {
    const file = Deno.openSync(`${base}/file`, { read: true, write: true, create: true });
    const fd = descriptorOf(`${base}/file`);
    const bytes = new TextEncoder().encode("..content..");
    for (const position of [0, 2 ** 31 + 5, 2 ** 32 + 7, 2 ** 40]) {
      assertEquals(libc.pwrite(fd, bytes.subarray(2, 9), position), 7);
      const into = new Uint8Array(20);
      assertEquals(libc.pread(fd, into.subarray(5, 10), position), 5);
      assertEquals(new TextDecoder().decode(into.subarray(4, 11)), "\0conte\0");
    }
    assertEquals(libc.pread(fd, new Uint8Array(0), 0), 0);
    file.close();
  });
});

Deno.test("read(), write(), send() and poll() work on plain descriptors", () => {
  withPlaces(({ base }) => {
    const file = Deno.openSync(`${base}/file`, { read: true, write: true, create: true });
    const fd = descriptorOf(`${base}/file`);
    assertEquals(libc.write(fd, new TextEncoder().encode("content")), 7);
    file.seekSync(3, Deno.SeekMode.Start);
    const into = new Uint8Array(10);
    assertEquals([libc.read(fd, into), libc.read(fd, into)], [4, 0]);
    assertEquals(libc.send(fd, into), ENOTSOCK);
    const fds = new Uint8Array(8);
    const view = new DataView(fds.buffer);
    view.setInt32(0, fd, true);
    view.setInt16(4, Poll.IN | Poll.OUT, true);
    assertEquals(libc.poll(fds, 1000), 1);
    assertEquals(view.getInt16(6, true), Poll.IN | Poll.OUT);
    file.close();
    assertEquals(libc.poll(fds, 0), 1);
    assertEquals(view.getInt16(6, true), Poll.NVAL);
  });
});

Deno.test("umask() tells the mask before, and descriptorLimit() that of the process", () => {
  const before = libc.umask(0o031);
  assertEquals(libc.umask(before), 0o031);
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const [, soft] = /^Max open files\s+(\S+)/m.exec(limits) ?? [];
  assertEquals(libc.descriptorLimit(), soft === "unlimited" ? Infinity : Number(soft));
  assertGreater(libc.descriptorLimit(), 0);
});

/** The descriptor by which this process has a file open. */
function descriptorOf(path: string): number {
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const link = new Deno.Command("readlink", { args: [`/proc/${Deno.pid}/fd/${name}`] });
    if (new TextDecoder().decode(link.outputSync().stdout).trim() === path) return Number(name);
  }
  assert(false, `${path} is not open`);
}
