import { assert, assertEquals } from "@std/assert";
import { decodeName } from "../../../../lib/names.ts";
import { type Libc, openLibc } from "../../../../lib/linux/libc.ts";
import { openKernelRoot } from "../../../../lib/storage/local/kernel/root.ts";
import { withTempDir } from "../../../support/files.ts";
import { findProgram, type Need } from "../../../support/programs.ts";
import { runChild } from "../child.ts";
import { LOOKS, makeLinksOut, OPERATIONS } from "../operations.ts";
import { failure, get, namesIn, put, withPlaces, withRoot } from "../places.ts";

const libc = openLibc();

Deno.test("no answer tells whether there is something outside", () => {
  withPlaces(({ jail }) => {
    for (const [name, attempt] of OPERATIONS) {
      for (const end of ["", "/", "/dir", "/dir/", "/../outside"]) {
        const answers = ["../outside", "../absence", "/../outside", "/../absence"].map((text) => {
          Deno.removeSync(jail, { recursive: true });
          Deno.mkdirSync(jail);
          Deno.writeTextFileSync(`${jail}/own`, "");
          Deno.symlinkSync(text, `${jail}/link`);
          const fresh = openKernelRoot(jail, libc);
          const answer = failure(() => attempt(fresh, `/link${end}`));
          fresh.close();
          return answer;
        });
        assertEquals(new Set(answers).size, 1, `${name} of link${end}: ${answers}`);
      }
    }
  });
});

Deno.test("no call is given `..`, or a name with more than one segment", () => {
  withPlaces((places) => {
    makeLinksOut(places);
    const names: string[] = [];
    const seen = (name: Uint8Array) => void names.push(decodeName(name, 0, name.indexOf(0)));
    const root = openKernelRoot(places.jail, watchingNames(libc, seen));
    for (const [, attempt] of OPERATIONS) {
      for (
        const path of ["/..", "/own/..", "/dir/..", "/dir/deep/..", "/../dir/deep", "/", "/dir/"]
      ) {
        failure(() => attempt(root, path));
      }
    }
    root.close();
    const given = [...new Set(names)].sort();
    assertEquals(given.filter((name) => name === ".." || /^\/|\/./.test(name)), []);
    assert(given.includes("deep") && given.includes("."), given.join(" "));
  });
});

/** libc that tells of each name which it is given with a directory. */
function watchingNames(libc: Libc, seen: (name: Uint8Array) => void): Libc {
  return {
    ...libc,
    fstatat: (at, name, ...rest) => (seen(name), libc.fstatat(at, name, ...rest)),
    fchmodat2: (at, name, ...rest) => (seen(name), libc.fchmodat2(at, name, ...rest)),
    fchownat: (at, name, ...rest) => (seen(name), libc.fchownat(at, name, ...rest)),
    utimensat: (at, name, ...rest) => (seen(name), libc.utimensat(at, name, ...rest)),
    mkdirat: (at, name, mode) => (seen(name), libc.mkdirat(at, name, mode)),
    unlinkat: (at, name, flags) => (seen(name), libc.unlinkat(at, name, flags)),
    symlinkat: (text, at, name) => (seen(name), libc.symlinkat(text, at, name)),
    readlinkat: (at, name, into) => (seen(name), libc.readlinkat(at, name, into)),
    renameat: (a, from, b, to) => (seen(from), seen(to), libc.renameat(a, from, b, to)),
    renameat2: (
      a,
      from,
      b,
      to,
      flags,
    ) => (seen(from), seen(to), libc.renameat2(a, from, b, to, flags)),
    linkat: (a, from, b, to) => (seen(from), seen(to), libc.linkat(a, from, b, to)),
  };
}

Deno.test("KernelRoot stays inside on paths beyond its parent", () => {
  withRoot(libc, (root, { jail, base }) => {
    Deno.mkdirSync(`${base}/jail-evil`);
    Deno.writeFileSync(`${base}/jail-evil/canary`, new Uint8Array(1));
    Deno.symlinkSync("/", `${jail}/root`);
    Deno.symlinkSync("/etc", `${jail}/etc`);
    Deno.symlinkSync("../../../../../../..", `${jail}/up`);
    Deno.symlinkSync("../jail-evil", `${jail}/evil`);
    // Listing the root changes when it was read last.
    const withoutAtime = (path: string) => ({ ...root.stat(path), atime: 0 });
    const top = withoutAtime("/");
    for (const path of ["/root", "/up", "/..", "/../..", "/root/..", "/up/../root/..", "/root/"]) {
      assertEquals(withoutAtime(path), top, path);
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
  withRoot(libc, (root, { jail }) => {
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

/** Whether this process may mount, in a namespace of its own. */
function mayMount(): Need {
  const unshare = findProgram("unshare");
  const args = ["--mount", "mount", "--bind", "/proc", "/proc"];
  const may = unshare !== undefined &&
    new Deno.Command(unshare, { args, stderr: "null" }).outputSync().success;
  return { ignore: !may, reason: may ? "" : "not permitted: mount" };
}

Deno.test("a procfs that is mounted in the jail leads nowhere", {
  ...mayMount(),
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
