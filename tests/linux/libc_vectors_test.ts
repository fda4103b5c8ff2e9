import { assertEquals } from "@std/assert";
import { openLibc } from "../../lib/linux/libc.ts";
import { Poll } from "../../lib/linux/linux.ts";
import { DatagramListener } from "../support/datagrams.ts";
import { withTempDir } from "../support/files.ts";
import { randomNumbers } from "../support/random.ts";

const EAGAIN = -11;
const EBADF = -9;
const ENOTSOCK = -88;
const RDWR = 2n;
const CREAT = 0o100n;
const AT_FDCWD = -100;

const libc = openLibc();
const vectors = libc.openVectors();

/** Opens a new file of this path, and gives its descriptor. */
async function withFile(use: (fd: number, path: string) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const path = `${directory}/file`;
    const how = new Uint8Array(new BigUint64Array([RDWR | CREAT, 0o600n, 0n]).buffer);
    const fd = libc.openat2(AT_FDCWD, new TextEncoder().encode(`${path}\0`), how);
    try {
      await use(fd, path);
    } finally {
      libc.close(fd);
    }
  });
}

Deno.test("writev() writes parts of any memory, in their order", async () => {
  await withFile(async (fd, path) => {
    const text = new TextEncoder().encode("0123456789");
    const parts = [text.subarray(7), new Uint8Array(0), text.slice(1, 3), text.subarray(0, 1)];
    assertEquals(vectors.writev(fd, parts), 6);
    assertEquals(await Deno.readTextFile(path), "789120");
  });
});

Deno.test("writev() writes the first of very many parts, and tells how many bytes that were", async () => {
  await withFile(async (fd, path) => {
    const parts = Array.from({ length: 100 }, (_, index) => Uint8Array.of(index));
    assertEquals(vectors.writev(fd, parts), 64);
    assertEquals(await Deno.readFile(path), Uint8Array.from({ length: 64 }, (_, index) => index));
  });
});

Deno.test("writev() writes a thousand random lists of parts as they stand, wherever memory is", async () => {
  const random = randomNumbers(0x5f17);
  await withFile(async (fd, path) => {
    const whole: number[] = [];
    for (let list = 0; list < 1000; list++) {
      const parts = Array.from({ length: random(64) }, () => {
        const memory = new Uint8Array(random(list % 50 === 0 ? 70_000 : 200)).fill(random(256));
        return memory.subarray(random(memory.length + 1));
      });
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      assertEquals(vectors.writev(fd, parts), length);
      for (const part of parts) for (const byte of part) whole.push(byte);
    }
    const written = await Deno.readFile(path);
    assertEquals(written.length, whole.length);
    assertEquals(written.findIndex((byte, at) => byte !== whole[at]), -1);
  });
});

Deno.test("calls on several parts return -errno where they fail", async () => {
  const part = Uint8Array.of(1);
  assertEquals([vectors.writev(-1, [part]), vectors.sendv(-1, [part])], [EBADF, EBADF]);
  await withFile((fd) => {
    assertEquals(vectors.sendv(fd, [part]), ENOTSOCK);
    return Promise.resolve();
  });
});

Deno.test("sendv() sends parts to a socket, and no more than it has room for", async () => {
  await withTempDir((directory) => {
    const path = `${directory}/socket`;
    using listener = new DatagramListener(path);
    const fd = libc.connectDatagram(new TextEncoder().encode(path));
    try {
      const [first, second] = [new TextEncoder().encode("one "), new TextEncoder().encode("two")];
      assertEquals(vectors.sendv(fd, [first, second]), 7);
      assertEquals(listener.take(), ["one two"]);
      let result = 0;
      for (let count = 0; count < 10_000 && result >= 0; count++) {
        result = vectors.sendv(fd, [first, second]);
      }
      assertEquals(result, EAGAIN);
    } finally {
      libc.close(fd);
    }
    return Promise.resolve();
  });
});

Deno.test("poll() tells what is ready, and which descriptor is none", () => {
  const fds = new Uint8Array(new Int32Array([77_777, Poll.IN]).buffer);
  assertEquals(vectors.poll(fds, 0), 1);
  assertEquals(new DataView(fds.buffer).getInt16(6, true), Poll.NVAL);
});
