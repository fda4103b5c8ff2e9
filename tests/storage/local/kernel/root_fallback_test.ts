import { assertEquals, assertLessOrEqual } from "@std/assert";
import { FileType } from "../../../../lib/attrs.ts";
import { decodeName } from "../../../../lib/names.ts";
import { Errno } from "../../../../lib/linux/errno.ts";
import { type Libc, openLibc } from "../../../../lib/linux/libc.ts";
import { Open } from "../../../../lib/linux/linux.ts";
import { openKernelRoot } from "../../../../lib/storage/local/kernel/root.ts";
import { how } from "../../../../lib/testing/subject.ts";
import { assertFails, get, namesIn, put, using, withPlaces, withRoot } from "../places.ts";

// What other kernels and file systems answer is played here by a libc that says so.

const libc = openLibc();

/** A call that fails so. */
function says(errno: number): () => number {
  return () => -errno;
}

Deno.test("openKernelRoot() is unsupported where openat2 is missing or forbidden", () => {
  withPlaces(({ jail }) => {
    for (const errno of [Errno.ENOSYS, Errno.EPERM]) {
      assertFails(
        () => openKernelRoot(jail, { ...libc, openat2: says(errno) }),
        "unsupported: openat2 is not available on this system",
      );
    }
  });
});

/** A libc whose openat2 gives up so often, as beside renames, before it works again. */
function givingUp(): {
  readonly refusing: Libc;
  readonly state: { refusals: number; calls: number };
} {
  const state = { refusals: 0, calls: 0 };
  const openat2: Libc["openat2"] = (...args) => {
    state.calls++;
    return state.refusals-- > 0 ? -Errno.EAGAIN : libc.openat2(...args);
  };
  return { refusing: { ...libc, openat2 }, state };
}

Deno.test("an openat2 that gives up beside renames is asked again, not for ever, and with pauses", () => {
  const { refusing, state } = givingUp();
  withRoot(refusing, (root) => {
    root.mkdir("/d", 0o777);
    state.refusals = 100;
    put(root, "/d/file", "content");
    state.refusals = Infinity;
    state.calls = 0;
    const begin = performance.now();
    assertFails(() => root.stat("/d/file"), "failure: temporarily unavailable");
    // 64 times at once, and then once in a millisecond at most.
    assertLessOrEqual(state.calls, 64 + 1 + performance.now() - begin);
  });
});

Deno.test("a device that is in use is told so, and is not waited for as a lease is", () => {
  const openat2: Libc["openat2"] = (directory, path, how) => {
    const flags = new Uint32Array(how.buffer)[0]!;
    const isNull = decodeName(path, 0, path.indexOf(0)).endsWith("null");
    return isNull && (flags & Open.PATH) === 0 ? -Errno.EAGAIN : libc.openat2(directory, path, how);
  };
  const root = openKernelRoot("/dev", { ...libc, openat2 });
  assertFails(() => root.open("/null", how("write"), 0), "failure: temporarily unavailable");
  root.close();
});

const WITHOUT_NOREPLACE: readonly [name: string, differences: Partial<Libc>][] = [
  ["has no RENAME_NOREPLACE", { renameat2: says(Errno.EINVAL) }],
  ["has neither RENAME_NOREPLACE nor hard links", {
    renameat2: says(Errno.EINVAL),
    linkat: says(Errno.EPERM),
  }],
  ["has no renameat2", { renameat2: says(Errno.ENOSYS) }],
];

for (const [name, differences] of WITHOUT_NOREPLACE) {
  Deno.test(`renameNoReplace() keeps its promise where the system ${name}`, () => {
    withRoot({ ...libc, ...differences }, (root) => {
      root.mkdir("/d", 0o777);
      put(root, "/d/inner");
      put(root, "/file", "content");
      put(root, "/there", "kept");
      root.symlink("nowhere", "/link");
      for (const from of ["/file", "/d", "/d/", "/link"]) {
        for (const to of ["/there", "/link", "/d"]) {
          if (from !== "/d/" || to === "/d") {
            assertFails(() => root.renameNoReplace(from, to), "failure: file exists", from + to);
          }
        }
      }
      assertFails(() => root.renameNoReplace("/no", "/new"), "not-found: no such file");
      assertFails(() => root.renameNoReplace("/file/", "/new"), "not-found: not a directory");
      assertFails(() => root.renameNoReplace("/link/", "/new"), "not-found: not a directory");
      assertFails(() => root.renameNoReplace("/d", "/d/below"), "invalid: invalid argument");
      assertEquals([get(root, "/there"), get(root, "/file")], ["kept", "content"]);
      root.renameNoReplace("/file", "/d/file");
      root.renameNoReplace("/link", "/d/link");
      root.renameNoReplace("/d/", "/moved/");
      assertEquals(get(root, "/moved/file"), "content");
      assertEquals([root.readLink("/moved/link"), namesIn(root, "/")], ["nowhere", [
        "moved",
        "there",
      ]]);
    });
  });
}

Deno.test("renameNoReplace() leaves no second name where the old one cannot be removed", () => {
  let refused = false;
  const unlinkat: Libc["unlinkat"] = (...args) => {
    if (refused) return libc.unlinkat(...args);
    refused = true;
    return -Errno.EACCES;
  };
  withRoot({ ...libc, renameat2: says(Errno.EINVAL), unlinkat }, (root) => {
    put(root, "/file");
    assertFails(() => root.renameNoReplace("/file", "/new"), "denied: permission denied");
    assertEquals(namesIn(root, "/"), ["file"]);
  });
});

const BEFORE_LINUX_6_6: readonly [name: string, differences: Partial<Libc>][] = [
  ["without fchmodat2", { fchmodat2: says(Errno.ENOSYS) }],
  ["where seccomp forbids fchmodat2", { fchmodat2: says(Errno.EPERM) }],
  ["without fchmodat2 and procfs", {
    fchmodat2: says(Errno.ENOSYS),
    fchmodat: says(Errno.ENOENT),
  }],
];

for (const [name, differences] of BEFORE_LINUX_6_6) {
  Deno.test(`chmod() works ${name}, on files and directories, and never on a link`, () => {
    withRoot({ ...libc, ...differences }, (root) => {
      root.mkdir("/d", 0o777);
      put(root, "/file");
      root.symlink("file", "/link");
      root.chmod("/link", 0o2751);
      root.chmod("/d", 0o1700);
      assertEquals(root.stat("/file").permissions, FileType.REGULAR | 0o2751);
      assertEquals(root.stat("/d").permissions, FileType.DIRECTORY | 0o1700);
      assertFails(() => root.lchmod("/link", 0o600), "failure: not supported by the file system");
      root.lchmod("/file", 0o600);
      assertEquals(root.stat("/file").permissions, FileType.REGULAR | 0o600);
      assertFails(() => root.chmod("/no", 0o600), "not-found: no such file");
    });
  });
}

Deno.test("chmod() without fchmodat2 and procfs opens to write what cannot be opened to read", () => {
  const openat2: Libc["openat2"] = (directory, path, open) => {
    const flags = new Uint32Array(open.buffer)[0]!;
    const reads = (flags & 0o10000003) === 0;
    return reads ? -Errno.EACCES : libc.openat2(directory, path, open);
  };
  const differences = { fchmodat2: says(Errno.ENOSYS), fchmodat: says(Errno.ENOENT), openat2 };
  withRoot({ ...libc, ...differences }, (root) => {
    put(root, "/file");
    root.chmod("/file", 0o640);
    assertEquals(root.stat("/file").permissions, FileType.REGULAR | 0o640);
  });
});

const COPIES: readonly [name: string, differences: Partial<Libc>][] = [
  ["in the kernel", {}],
  ["by hand where the kernel has no call for it", { copyFileRange: says(Errno.ENOSYS) }],
  ["by hand between file systems", { copyFileRange: says(Errno.EXDEV) }],
  ["by hand where the kernel says 0 of what is not empty", { copyFileRange: () => 0 }],
  ["by hand from where the kernel stops", { copyFileRange: stopsAfterOne() }],
];

/** A kernel that copies some bytes and then cannot go on. */
function stopsAfterOne(): Libc["copyFileRange"] {
  let calls = 0;
  return (from, fromAt, to, toAt, length) =>
    calls++ % 2 === 0
      ? libc.copyFileRange(from, fromAt, to, toAt, Math.min(length, 1000))
      : -Errno.EINVAL;
}

for (const [name, differences] of COPIES) {
  Deno.test(`copy() copies ${name}`, () => {
    withRoot({ ...libc, ...differences }, (root) => {
      const text = "0123456789".repeat(60_000);
      put(root, "/from", text);
      put(root, "/to", "start");
      using(root.open("/from", how("read"), 0), (from) => {
        using(root.open("/to", how("read", "write"), 0), (target) => {
          const copied = from.copy({ target, from: 3, to: 5, length: 300_000 });
          assertEquals([copied, target.stat().size], [300_000, 300_005]);
          assertEquals(from.copy({ target, from: 599_990, to: 0, length: Infinity }), 10);
          assertEquals(from.copy({ target, from: 700_000, to: 9, length: Infinity }), 0);
          assertEquals(from.copy({ target, from: 0, to: 9, length: 0 }), 0);
          const bytes = new Uint8Array(20);
          target.read(bytes, 0);
          assertEquals(new TextDecoder().decode(bytes), "01234567898901234567");
          target.read(bytes, 299_990);
          assertEquals(new TextDecoder().decode(bytes.subarray(0, 15)), "890123456789012");
        });
        using(root.open("/to", how("write", "append"), 0), (target) => {
          from.copy({ target, from: 0, to: 0, length: 10 });
          assertEquals(target.stat().size, 300_015);
        });
        using(root.open("/to", how("read"), 0), (target) => {
          const copy = () => from.copy({ target, from: 0, to: 0, length: 10 });
          assertFails(copy, "not-found: not open for this");
        });
      });
    });
  });
}

Deno.test("write() goes on after a short write, and fails where nothing more goes", () => {
  let most = 3;
  const pwrite: Libc["pwrite"] = (fd, data, position) =>
    libc.pwrite(fd, data.subarray(0, most), position);
  withRoot({ ...libc, pwrite }, (root) => {
    put(root, "/file", "0123456789");
    assertEquals(get(root, "/file"), "0123456789");
    using(root.open("/file", how("write"), 0), (file) => {
      most = 0;
      assertFails(() => file.write(new Uint8Array(1), 0), "failure: nothing could be written");
      file.write(new Uint8Array(0), 0);
    });
  });
});

Deno.test("a failed close is told, and the descriptor is never closed twice", () => {
  let closes = 0;
  let outcome = 0;
  const close: Libc["close"] = (fd) => {
    closes++;
    return libc.close(fd) || outcome;
  };
  withRoot({ ...libc, close }, (root) => {
    put(root, "/file");
    const file = root.open("/file", how("write"), 0);
    const other = root.open("/file", how("write"), 0);
    closes = 0;
    outcome = -5;
    assertFails(() => file.close(), "failure: input/output error");
    file.close();
    outcome = -Errno.EINTR;
    other.close();
    outcome = 0;
    assertEquals(closes, 2);
  });
});

Deno.test("a file that cannot be looked at after it was opened is closed again", () => {
  const before = Array.from(Deno.readDirSync("/proc/self/fd")).length;
  withRoot(libc, (root) => put(root, "/file"));
  withRoot({ ...libc, fstatat: says(Errno.EACCES) }, (root) => {
    assertFails(() => root.open("/", how("read"), 0), "denied: permission denied");
    assertFails(() => root.stat("/"), "denied: permission denied");
    const entries = root.openDir("/");
    assertEquals(entries.next(10).length, 0);
    entries.close();
  });
  assertEquals(Array.from(Deno.readDirSync("/proc/self/fd")).length, before);
});
