import { assertEquals } from "@std/assert";
import { FileType } from "../../../../lib/attrs.ts";
import { decodeName } from "../../../../lib/names.ts";
import { JailStorage } from "../../../../lib/storage/local/jail.ts";
import { openLibc } from "../../../../lib/linux/libc.ts";
import { openKernelRoot } from "../../../../lib/storage/local/kernel/root.ts";
import { conformance } from "../../../../lib/testing/mod.ts";
import { needs } from "../../../support/programs.ts";
import { how } from "../../../../lib/testing/subject.ts";
import { makeLinksOut, OPERATIONS } from "../operations.ts";
import {
  assertFails,
  entriesOf,
  failure,
  openDescriptors,
  put,
  run,
  using,
  withPlaces,
  withRoot,
} from "../places.ts";

const libc = openLibc();

Deno.test("JailStorage on a KernelRoot keeps the promises of a storage", async (t) => {
  await conformance(t, () => {
    const directory = Deno.makeTempDirSync();
    return {
      storage: new JailStorage(openKernelRoot(directory, libc)),
      tellsReasons: true,
      dispose: () => Deno.removeSync(directory, { recursive: true }),
    };
  });
});

Deno.test("openKernelRoot() refuses what is no directory", () => {
  withPlaces(({ outside, jail }) => {
    assertFails(() => openKernelRoot(`${outside}/canary`, libc), "not-found: not a directory");
    assertFails(() => openKernelRoot(`${jail}/no`, libc), "not-found: no such file");
  });
});

Deno.test("open() tells a directory, and takes a FIFO, a socket and a device for no file", {
  ...needs("mkfifo"),
}, () => {
  withRoot(libc, (root, { jail }) => {
    run("mkfifo", `${jail}/fifo`);
    const listener = Deno.listen({ transport: "unix", path: `${jail}/socket` });
    root.mkdir("/d", 0o777);
    const special = ["/fifo", "/socket"];
    if (Deno.uid() === 0) {
      run("mknod", `${jail}/null`, "c", "1", "3");
      special.push("/null");
    }
    for (const path of special) {
      for (
        const options of [how("read"), how("write"), how("read", "write"), how("write", "create")]
      ) {
        assertFails(() => root.open(path, options, 0o666), "failure: not a regular file", path);
      }
      assertFails(() => root.truncate(path, 0), "failure: not a regular file", path);
    }
    assertFails(() => root.open("/d", how("read"), 0), "failure: is a directory");
    assertFails(() => root.open("/d", how("write"), 0), "failure: is a directory");
    assertFails(() => root.openDir("/fifo"), "not-found: not a directory");
    listener.close();
  });
});

Deno.test("open() makes a file with its mode cut by the umask, and keeps that of one that is there", () => {
  withRoot(libc, (root, { jail }) => {
    const before = libc.umask(0o027);
    try {
      root.open("/new", how("write", "create"), 0o4666).close();
      root.open("/new", how("write", "create"), 0o777).close();
      root.mkdir("/d", 0o1777);
    } finally {
      libc.umask(before);
    }
    assertEquals(Deno.statSync(`${jail}/new`).mode! & 0o7777, 0o4640);
    assertEquals(Deno.statSync(`${jail}/d`).mode! & 0o7777, 0o1750);
    assertFails(
      () => root.open("/new", how("write", "create", "exclusive"), 0o666),
      "failure: file exists",
    );
    assertFails(
      () => root.open("/no", how("write", "exclusive"), 0o666),
      "not-found: no such file",
    );
  });
});

Deno.test("stat() gives sizes and times beyond 32 bits", () => {
  withRoot(libc, (root) => {
    put(root, "/file");
    root.truncate("/file", 5_000_000_000);
    root.utimes("/file", 5_000_000_001, 4_294_967_295);
    const { size, atime, mtime, links } = root.stat("/file");
    assertEquals([size, atime, mtime, links], [5_000_000_000, 5_000_000_001, 4_294_967_295, 1]);
    using(root.open("/file", how("read", "write"), 0), (file) => {
      file.write(new Uint8Array([7, 8, 9]), 4_999_999_999);
      const bytes = new Uint8Array(10);
      assertEquals(file.read(bytes, 4_999_999_999), 3);
      assertEquals([bytes[0], bytes[2], file.stat().size], [7, 9, 5_000_000_002]);
      assertEquals(file.read(bytes, 2 ** 53 - 1), 0);
      assertFails(() => file.truncate(2 ** 64), "invalid: invalid argument");
    });
    root.utimes("/file", -5, -2_000_000_000);
    assertEquals([root.stat("/file").atime, root.stat("/file").mtime], [-5, -2_000_000_000]);
  });
});

Deno.test("`l…` acts on a link itself, the others on what it leads to", () => {
  withRoot(libc, (root) => {
    root.mkdir("/d", 0o777);
    put(root, "/d/file");
    root.symlink("file", "/d/link");
    root.lutimes("/d/link", 10, 20);
    assertEquals([root.lstat("/d/link").atime, root.lstat("/d/link").mtime], [10, 20]);
    root.utimes("/d/link", 30, 40);
    root.chmod("/d/link", 0o4711);
    assertEquals(root.lstat("/d/link").mtime, 20);
    assertEquals([root.stat("/d/link").atime, root.lstat("/d/file").mtime], [30, 40]);
    assertEquals(root.lstat("/d/file").permissions, FileType.REGULAR | 0o4711);
    assertFails(() => root.lchmod("/d/link", 0o600), "failure: not supported by the file system");
    root.lchmod("/d/file", 0o600);
    assertEquals(root.lstat("/d/file").permissions, FileType.REGULAR | 0o600);
    if (Deno.uid() === 0) {
      root.lchown("/d/link", 11, 12);
      root.chown("/d/link", 13, 14);
      assertEquals([root.lstat("/d/link").uid, root.lstat("/d/link").gid], [11, 12]);
      assertEquals([root.lstat("/d/file").uid, root.lstat("/d/file").gid], [13, 14]);
    }
  });
});

Deno.test("a file without any permission can be given one", () => {
  withRoot(libc, (root) => {
    put(root, "/file");
    root.chmod("/file", 0);
    assertEquals(root.stat("/file").permissions, FileType.REGULAR);
    root.chmod("/file", 0o600);
    assertEquals(root.stat("/file").permissions, FileType.REGULAR | 0o600);
  });
});

Deno.test("link() gives a link a second name, and does not follow it", () => {
  withRoot(libc, (root) => {
    root.symlink("nowhere", "/link");
    root.link("/link", "/second");
    assertEquals(root.readLink("/second"), "nowhere");
    assertEquals(root.lstat("/second").links, 2);
  });
});

Deno.test("openDir() lists in steps of any size, with `.` and with `..` from inside", () => {
  withRoot(libc, (root, { jail }) => {
    root.mkdir("/d", 0o777);
    for (let index = 0; index < 1500; index++) {
      Deno.writeTextFileSync(`${jail}/d/file-${index}`, "");
    }
    root.symlink("/d", "/link");
    root.utimes("/", 111, 111);
    root.utimes("/d", 222, 222);
    for (const limit of [1, 7, 100, 5000]) {
      const entries = entriesOf(root.openDir("/link"), limit);
      assertEquals(entries.length, 1502);
      assertEquals(new Set(entries.map(({ name }) => name)).size, 1502);
      assertEquals(entries.find(({ name }) => name === ".")?.status.mtime, 222);
      assertEquals(entries.find(({ name }) => name === "..")?.status.mtime, 111);
    }
    const top = entriesOf(root.openDir("/"));
    assertEquals(top.find(({ name }) => name === "..")?.status, root.stat("/"));
    assertEquals(top.find(({ name }) => name === "link")?.status, root.lstat("/link"));
  });
});

Deno.test("openDir() lists a directory whose path is as long as can be", () => {
  withRoot(libc, (root) => {
    let path = "";
    while (path.length < 4095) {
      path += "/" + "d".repeat(Math.min(250, 4094 - path.length));
      root.mkdir(path, 0o777);
    }
    assertEquals(root.stat(path).links, 2);
    assertEquals(entriesOf(root.openDir(path)).map(({ name }) => name), ["."]);
  });
});

Deno.test("a listing leaves out what vanishes in the middle of it", () => {
  withRoot(libc, (root) => {
    root.mkdir("/d", 0o777);
    for (let index = 0; index < 50; index++) put(root, `/d/file-${index}`);
    const directory = root.openDir("/d");
    const first = directory.next(10).map(({ name }) => name);
    for (let index = 0; index < 50; index++) root.unlink(`/d/file-${index}`);
    assertEquals(first.length, 10);
    assertEquals(directory.next(100).filter(({ name }) => name.startsWith("file-")), []);
    assertEquals(directory.next(100), []);
    directory.close();
  });
});

Deno.test("open files are known by what they are, and go on after rename and unlink", () => {
  withRoot(libc, (root) => {
    put(root, "/a", "content");
    put(root, "/b", "content");
    root.link("/a", "/c");
    const [a, b, c] = ["/a", "/b", "/c"].map((path) => root.open(path, how("read", "write"), 0));
    assertEquals([a!.isSameAs(c!), a!.isSameAs(a!), a!.isSameAs(b!)], [true, true, false]);
    root.rename("/a", "/b");
    root.unlink("/c");
    assertEquals(a!.stat().links, 1);
    assertEquals(b!.stat().links, 0);
    b!.write(new TextEncoder().encode("gone"), 0);
    assertEquals(b!.stat().size, 7);
    for (const file of [a, b, c]) file!.close();
    assertFails(() => a!.stat(), "not-found: not open for this");
    a!.close();
  });
});

Deno.test("statVfs() gives figures of the file system", { ...needs("stat") }, () => {
  withRoot(libc, (root, { jail }) => {
    put(root, "/file");
    const { bsize, blocks, files, fsid, namemax } = root.statVfs("/file");
    const printed = decodeName(run("stat", "-f", "-c", "%s %b %c %i %l", jail)).trim().split(" ");
    const [size, total, inodes, id, length] = printed;
    assertEquals([bsize, blocks, files], [BigInt(size!), BigInt(total!), BigInt(inodes!)]);
    // The program prints the two words of the id the other way round.
    const swapped = (fsid & 0xffffffffn) << 32n | fsid >> 32n;
    assertEquals([swapped, namemax], [BigInt(`0x${id}`), BigInt(length!)]);
    using(root.open("/file", how("read"), 0), (file) => {
      assertEquals(file.statVfs().blocks, blocks);
    });
  });
});

Deno.test("no operation leaves a descriptor behind, and all are closed for other programs", () => {
  withRoot(libc, (root, places) => {
    makeLinksOut(places);
    const before = openDescriptors();
    for (const [, attempt] of OPERATIONS) {
      for (const path of ["/own", "/absolute", "/dir/deep", "/dir/deep/new", "/dir/..", "/no/no"]) {
        failure(() => attempt(root, path));
      }
    }
    assertEquals(openDescriptors(), before);
    put(root, "/file");
    const [file, directory] = [root.open("/file", how("read"), 0), root.openDir("/")];
    const opened = openDescriptors().filter((fd) => !before.includes(fd));
    assertEquals(opened.length, 2);
    for (const fd of [...opened, root.descriptor]) {
      const flags = /^flags:\s+(\d+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`));
      assertEquals(parseInt(flags![1]!, 8) & 0o2000000, 0o2000000, `descriptor ${fd}`);
    }
    file.close();
    directory.close();
  });
});
