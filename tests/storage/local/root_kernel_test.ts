import { assert, assertEquals } from "@std/assert";
import { FileType } from "../../../lib/attrs.ts";
import { decodeName } from "../../../lib/names.ts";
import { JailStorage } from "../../../lib/storage/local/jail.ts";
import { openLibc } from "../../../lib/storage/local/libc.ts";
import { type KernelRoot, openKernelRoot } from "../../../lib/storage/local/root_kernel.ts";
import { withTempDir } from "../../support/files.ts";
import { findProgram, needs, programPath } from "../../support/programs.ts";
import { conformance } from "../conformance.ts";
import { how } from "../conformance/subject.ts";
import { runChild } from "./child.ts";
import { CHANGES, LOOKS, makeLinksOut, pathsOut, sight } from "./escapes.ts";
import {
  assertFails,
  CANARY_SIZE,
  entriesOf,
  failure,
  get,
  namesIn,
  openDescriptors,
  type Places,
  put,
  snapshot,
  using,
  withoutResolution,
  withPlaces,
} from "./places.ts";

const libc = openLibc();

/** Runs `use` with a root on an empty jail. */
function withRoot<T>(use: (root: KernelRoot, places: Places) => T): T {
  return withPlaces((places) => {
    const root = openKernelRoot(places.jail, libc);
    try {
      return use(root, places);
    } finally {
      root.close();
    }
  });
}

function run(program: string, ...args: string[]): Uint8Array {
  const { success, stdout, stderr } = new Deno.Command(programPath(program), { args }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

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

Deno.test("KernelRoot lets no operation out by any link or `..`", () => {
  withPlaces((places) => {
    const escapes: string[] = [];
    for (const [name, attempt] of [...LOOKS, ...CHANGES]) {
      const before = snapshot(places.outside);
      for (const path of pathsOut(places)) {
        Deno.removeSync(places.jail, { recursive: true });
        Deno.mkdirSync(places.jail);
        makeLinksOut(places);
        const root = openKernelRoot(places.jail, libc);
        const seen = sight(root, path, attempt);
        if (seen !== undefined) escapes.push(`${name} of ${path} saw ${seen}`);
        root.close();
      }
      assertEquals(snapshot(places.outside), before, `${name} changed the outside`);
    }
    assertEquals(escapes, []);
  });
});

Deno.test("the operations would get out where resolution is switched off", () => {
  const tame = ["/relative", "/relative-dir/new", "/relative-dir/empty", "/relative-dir/canary"];
  // Only `l…` of a link's own and the text of one are harmless wherever they lead.
  const harmless = ["readLink", "statVfs", "realPath"];
  for (const [name, attempt] of [...LOOKS, ...CHANGES]) {
    if (harmless.includes(name)) continue;
    const paths = name === "openDir" ? ["/relative-dir"] : tame;
    const ways = paths.map((path) =>
      withPlaces((places) => {
        makeLinksOut(places);
        const root = openKernelRoot(places.jail, withoutResolution(libc));
        const before = snapshot(places.outside).join();
        const seen = sight(root, path, attempt);
        root.close();
        return seen ?? (snapshot(places.outside).join() === before ? undefined : "a change");
      })
    );
    const refused = name === "lchmod" && ways.every((way) => way === undefined);
    assert(refused || ways.some((way) => way !== undefined), `${name} saw and changed nothing`);
  }
});

Deno.test("KernelRoot stays inside on paths beyond its parent", () => {
  withRoot((root, { jail, base }) => {
    Deno.mkdirSync(`${base}/jail-evil`);
    Deno.writeFileSync(`${base}/jail-evil/canary`, new Uint8Array(CANARY_SIZE));
    Deno.symlinkSync("/", `${jail}/root`);
    Deno.symlinkSync("/etc", `${jail}/etc`);
    Deno.symlinkSync("../../../../../../..", `${jail}/up`);
    Deno.symlinkSync("../jail-evil", `${jail}/evil`);
    const top = root.stat("/");
    for (const path of ["/root", "/up", "/..", "/../..", "/root/..", "/up/../root/..", "/root/"]) {
      assertEquals(root.stat(path), top, path);
      assertEquals(root.realPath(path), "/", path);
      assertEquals(namesIn(root, path), ["etc", "evil", "root", "up"], path);
    }
    for (
      const path of ["/etc/passwd", "/root/etc/passwd", "/evil/canary", "/../jail-evil/canary"]
    ) {
      for (const [name, attempt] of LOOKS) {
        assert(failure(() => attempt(root, path)) !== undefined, `${name} ${path}`);
      }
    }
  });
});

Deno.test("KernelRoot follows links inside as a chroot does", () => {
  withRoot((root, { jail }) => {
    Deno.mkdirSync(`${jail}/a/b`, { recursive: true });
    Deno.mkdirSync(`${jail}/c`);
    put(root, "/a/b/file", "deep");
    put(root, "/a/file", "middle");
    put(root, "/file", "top");
    const links = [
      ["/a/b/file", "absolute"],
      ["a/b", "relative"],
      ["../../../../a/b/file", "clamped"],
      ["/absolute", "chained"],
      ["/relative/../file", "through"],
      ["/a/b", "c/to-b"],
    ] as const;
    for (const [text, name] of links) Deno.symlinkSync(text, `${jail}/${name}`);
    const expected = [
      ["/absolute", "/a/b/file", "deep"],
      ["/chained", "/a/b/file", "deep"],
      ["/clamped", "/a/b/file", "deep"],
      ["/relative/file", "/a/b/file", "deep"],
      ["/through", "/a/file", "middle"],
      ["/c/to-b/../file", "/a/file", "middle"],
      ["/c/to-b/../../file", "/file", "top"],
      ["/c/../../../file", "/file", "top"],
      ["/../a/../c/to-b/file", "/a/b/file", "deep"],
    ] as const;
    for (const [path, real, content] of expected) {
      assertEquals([root.realPath(path), get(root, path)], [real, content], path);
      assertEquals(root.stat(path), root.lstat(real), path);
    }
  });
});

Deno.test("realPath() leads to what the kernel opens, in trees made at random", () => {
  const segments = ["a", "b", "c", "d", "..", "..", "x"];
  const pick = (from: readonly string[]) => from[Math.floor(Math.random() * from.length)]!;
  const path = () => Array.from({ length: 1 + Math.random() * 5 }, () => pick(segments)).join("/");
  for (let round = 0; round < 60; round++) {
    withRoot((root) => {
      let time = 1000;
      for (let made = 0; made < 40; made++) {
        const at = "/" + path();
        const text = (Math.random() < 0.5 ? "/" : "") + path();
        if (Math.random() < 0.4) failure(() => root.mkdir(at, 0o777));
        else if (Math.random() < 0.7) failure(() => root.symlink(text, at));
        else failure(() => put(root, at));
      }
      // Each node gets a time of its own, to be known by.
      for (const line of walk(root, "/")) root.lutimes(line, time, time++);
      for (let tries = 0; tries < 200; tries++) {
        const asked = "/" + path() + (Math.random() < 0.2 ? "/" : "");
        const why = failure(() => root.stat(asked));
        if (why === undefined) {
          const real = root.realPath(asked);
          assertEquals(root.lstat(real).mtime, root.stat(asked).mtime, `${asked} is not ${real}`);
        } else if (failure(() => root.realPath(asked)) === undefined) {
          assertEquals(why, "not-found: no such file", asked);
          assertFails(() => root.lstat(root.realPath(asked)), "not-found: no such file", asked);
        } else assertFails(() => root.realPath(asked), why, asked);
      }
    });
  }
});

function walk(root: KernelRoot, directory: string): string[] {
  return namesIn(root, directory).flatMap((name) => {
    const path = directory === "/" ? `/${name}` : `${directory}/${name}`;
    const isDirectory = (root.lstat(path).permissions & FileType.MASK) === FileType.DIRECTORY;
    return isDirectory ? [path, ...walk(root, path)] : [path];
  });
}

Deno.test("realPath() lets only the last segment be missing", () => {
  withRoot((root) => {
    root.mkdir("/d", 0o777);
    root.symlink("/d/later", "/dangling");
    root.symlink("/no/later", "/lost");
    put(root, "/file");
    assertEquals(root.realPath("/d/new"), "/d/new");
    assertEquals(root.realPath("/d/../new/"), "/new");
    assertEquals(root.realPath("/dangling"), "/d/later");
    assertFails(() => root.realPath("/no/new"), "not-found: no such file");
    assertFails(() => root.realPath("/no/.."), "not-found: no such file");
    assertFails(() => root.realPath("/lost"), "not-found: no such file");
    assertFails(() => root.realPath("/file/.."), "not-found: not a directory");
    assertFails(() => root.realPath("/file/"), "not-found: not a directory");
    assertFails(() => root.realPath("/file/new"), "not-found: not a directory");
  });
});

Deno.test("a loop of links, and 41 in a row, are too many", () => {
  withRoot((root) => {
    root.symlink("b", "/a");
    root.symlink("a", "/b");
    root.symlink("self/more", "/self");
    put(root, "/link0", "end");
    for (let index = 1; index <= 41; index++) root.symlink(`link${index - 1}`, `/link${index}`);
    const tooMany = "not-found: too many links to follow";
    for (const path of ["/a", "/a/x", "/self", "/link41"]) {
      assertFails(() => root.stat(path), tooMany, path);
      assertFails(() => root.open(path, how("read"), 0), tooMany, path);
      assertFails(() => root.realPath(path), tooMany, path);
    }
    assertEquals(get(root, "/link40"), "end");
    assertEquals(root.realPath("/link40"), "/link0");
    assertEquals(root.readLink("/a"), "b");
  });
});

Deno.test("a closing slash means a directory, as POSIX has it", () => {
  withRoot((root) => {
    root.mkdir("/d", 0o777);
    root.symlink("d", "/link");
    put(root, "/file");
    root.symlink("file", "/to-file");
    assertEquals(root.lstat("/link/"), root.stat("/d"));
    const notDirectory = "not-found: not a directory";
    for (const path of ["/file/", "/to-file/"]) {
      assertFails(() => root.stat(path), notDirectory, path);
      assertFails(() => root.lstat(path), notDirectory, path);
      assertFails(() => root.unlink(path), notDirectory, path);
      assertFails(() => root.rmdir(path), notDirectory, path);
      assertFails(() => root.rename(path, "/new"), notDirectory, path);
      assertFails(() => root.renameNoReplace(path, "/new"), notDirectory, path);
      assertFails(() => root.link(path, "/new"), notDirectory, path);
      assertFails(() => root.readLink(path), notDirectory, path);
      assertFails(() => root.truncate(path, 1), notDirectory, path);
    }
    assertFails(() => root.unlink("/link/"), notDirectory);
    assertFails(() => root.rename("/link/", "/new"), notDirectory);
    assertFails(() => root.readLink("/link/"), "invalid: invalid argument");
    assertFails(() => root.link("/link/", "/new"), "denied: operation not permitted");
    assertFails(() => put(root, "/new/"), "failure: is a directory");
    assertFails(() => root.symlink("text", "/new/"), "not-found: no such file");
    root.mkdir("/x/", 0o777);
    root.rename("/x/", "/y/");
    root.renameNoReplace("/y/", "/x/");
    root.rmdir("/x/");
    assertEquals(namesIn(root, "/"), ["d", "file", "link", "to-file"]);
  });
});

Deno.test("the root itself and `..` can be neither made, removed, renamed nor linked", () => {
  withRoot((root) => {
    root.mkdir("/d", 0o777);
    put(root, "/file");
    for (const path of ["/", "/..", "/d/..", "/d/../", "/../.."]) {
      assertFails(() => root.mkdir(path, 0o777), "failure: file exists", path);
      assertFails(() => root.symlink("text", path), "failure: file exists", path);
      assertFails(() => root.link("/file", path), "failure: file exists", path);
      assertFails(() => root.unlink(path), "failure: is a directory", path);
      assertFails(() => root.rename(path, "/new"), "failure: in use by the system", path);
      assertFails(() => root.readLink(path), "invalid: invalid argument", path);
      assertFails(() => root.link(path, "/new"), "denied: operation not permitted", path);
      assert(failure(() => root.renameNoReplace(path, "/new")) !== undefined, path);
      assert(failure(() => root.rename("/file", path)) !== undefined, path);
    }
    assertFails(() => root.rmdir("/"), "failure: in use by the system");
    assertFails(() => root.rmdir("/d/.."), "failure: directory not empty");
    assertFails(() => root.rmdir("/no/.."), "not-found: no such file");
  });
});

Deno.test("open() tells a directory, and takes a FIFO, a socket and a device for no file", {
  ...needs("mkfifo"),
}, () => {
  withRoot((root, { jail }) => {
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
  withRoot((root, { jail }) => {
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

Deno.test("names of any bytes are made, listed, renamed and removed byte for byte", {
  ...needs("find"),
}, () => {
  withRoot((root, { jail }) => {
    const names = new Set([
      "caf\udce9",
      "\udcff\udcfe",
      "ä\udc80日本",
      "line\nbreak",
      " ",
      "\udc80",
    ]);
    for (let made = 0; made < 200; made++) {
      const bytes = crypto.getRandomValues(new Uint8Array(1 + Math.floor(Math.random() * 30)));
      names.add(decodeName(bytes.map((byte) => byte === 0 || byte === 0x2f ? 0xe9 : byte)));
    }
    names.delete(".");
    names.delete("..");
    for (const name of names) put(root, `/${name}`, name);
    const sorted = [...names].sort();
    assertEquals(namesIn(root, "/"), sorted);
    assertEquals(namesOnDisk(jail), sorted);
    root.mkdir("/d", 0o777);
    for (const name of names) {
      assertEquals(get(root, `/${name}`), name);
      assertEquals(root.realPath(`/${name}`), `/${name}`);
      root.renameNoReplace(`/${name}`, `/d/${name}`);
    }
    assertEquals(namesOnDisk(`${jail}/d`), sorted);
    for (const name of names) {
      root.symlink(name, "/link");
      assertEquals(root.readLink("/link"), name);
      root.unlink("/link");
      root.unlink(`/d/${name}`);
    }
    assertEquals(namesOnDisk(jail), ["d"]);
  });
});

function namesOnDisk(directory: string): string[] {
  const found = run("find", directory, "-mindepth", "1", "-printf", "%f\\0");
  return decodeName(found).split("\0").slice(0, -1).sort();
}

Deno.test("a name of 255 bytes works, one of 256 and a path of 5,000 are too long", () => {
  withRoot((root) => {
    const longest = "/" + "n".repeat(255);
    const two = "/" + "ä".repeat(128);
    put(root, longest, "content");
    assertEquals([get(root, longest), root.stat(longest).size], ["content", 7]);
    const tooLong = "invalid: name too long";
    const segments = "/d".repeat(2500);
    for (const path of [longest + "n", two, segments, "/" + "n".repeat(5000), "/ä".repeat(1500)]) {
      assertFails(() => root.stat(path), tooLong);
      assertFails(() => root.lstat(path), tooLong);
      assertFails(() => put(root, path), tooLong);
      assertFails(() => root.mkdir(path, 0o777), tooLong);
      assertFails(() => root.rename(longest, path), tooLong);
      assertFails(() => root.unlink(path), tooLong);
      assertFails(() => root.realPath(path), tooLong);
    }
    assertFails(() => root.symlink("t".repeat(4096), "/link"), tooLong);
    root.symlink("t".repeat(4095), "/link");
    assertEquals(root.readLink("/link"), "t".repeat(4095));
  });
});

Deno.test("stat() gives sizes and times beyond 32 bits", () => {
  withRoot((root) => {
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
  withRoot((root) => {
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
  withRoot((root) => {
    put(root, "/file");
    root.chmod("/file", 0);
    assertEquals(root.stat("/file").permissions, FileType.REGULAR);
    root.chmod("/file", 0o600);
    assertEquals(root.stat("/file").permissions, FileType.REGULAR | 0o600);
  });
});

Deno.test("link() gives a link a second name, and does not follow it", () => {
  withRoot((root) => {
    root.symlink("nowhere", "/link");
    root.link("/link", "/second");
    assertEquals(root.readLink("/second"), "nowhere");
    assertEquals(root.lstat("/second").links, 2);
  });
});

Deno.test("openDir() lists in steps of any size, with `.` and with `..` from inside", () => {
  withRoot((root, { jail }) => {
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
  withRoot((root) => {
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
  withRoot((root) => {
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
  withRoot((root) => {
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
  withRoot((root, { jail }) => {
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
  withRoot((root, places) => {
    makeLinksOut(places);
    const before = openDescriptors();
    for (const [, attempt] of [...LOOKS, ...CHANGES]) {
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

/** Whether this process may mount, in a namespace of its own. */
const mayMount = (() => {
  const unshare = findProgram("unshare");
  if (unshare === undefined) return false;
  const args = ["--mount", "mount", "--bind", "/proc", "/proc"];
  return new Deno.Command(unshare, { args, stderr: "null" }).outputSync().success;
})();

Deno.test("a procfs that is mounted in the jail leads nowhere", {
  ignore: !mayMount,
}, async () => {
  await withTempDir(async (jail) => {
    const found = await runChild("procfs_child.ts", {
      flags: ["-A"],
      args: [jail],
      under: ["unshare", "--mount"],
    });
    const refused = "not-found: too many links to follow";
    assertEquals(found, {
      plain: true,
      link: true,
      root: refused,
      rootName: refused,
      rootSlash: refused,
      cwd: refused,
      descriptor: refused,
      program: refused,
      create: refused,
      real: refused,
      realBelow: refused,
    });
  });
});
