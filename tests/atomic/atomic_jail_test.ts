import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Errno } from "../../lib/linux/errno.ts";
import { StorageError } from "../../lib/storage/errors.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { conformance } from "../../lib/testing/mod.ts";
import { withTempDir } from "../support/files.ts";
import { startServer } from "../support/server.ts";
import { withoutCalls } from "../support/without_calls.ts";
import { sftpwrap } from "../support/wire_session.ts";
import { needs } from "../support/programs.ts";
import { atomicJail, type JailKind, JAILS } from "./jails.ts";
import { open, put } from "./support.ts";

for (const kind of JAILS) {
  Deno.test(`atomic(jail) keeps the promises of a storage: ${kind.name}`, async (t) => {
    await conformance(t, () => {
      const directory = Deno.makeTempDirSync();
      return {
        storage: atomicJail(kind, directory, { sync: true }),
        tellsReasons: true,
        dispose: () => Deno.removeSync(directory, { recursive: true }),
      };
    }, kind.skips);
  });

  Deno.test({
    name: `an upload keeps owner and mode of the file that it replaces: ${kind.name}`,
    ignore: Deno.uid() !== 0,
    fn: () =>
      inJail(kind, async (storage, directory) => {
        await Deno.writeTextFile(`${directory}/file`, "old");
        await Deno.chown(`${directory}/file`, 1234, 2345);
        await Deno.chmod(`${directory}/file`, 0o6751);
        const before = await Deno.stat(`${directory}/file`);
        await put(storage, "/file", "new");
        const { ino, uid, gid, mode } = await Deno.stat(`${directory}/file`);
        assertEquals({ uid, gid, mode: mode! & 0o777 }, { uid: 1234, gid: 2345, mode: 0o751 });
        assertEquals(ino === before.ino, false);
      }),
  });

  Deno.test({
    name: `an upload keeps ACLs and extended attributes, and takes no others: ${kind.name}`,
    ...needs("/usr/bin/python3"),
    fn: () =>
      inJail(kind, async (storage, directory) => {
        if (!kind.xattrs) return;
        await Deno.mkdir(`${directory}/in`);
        await Deno.writeTextFile(`${directory}/in/file`, "old");
        await Deno.writeTextFile(`${directory}/in/plain`, "old");
        await python(`
import os, struct
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in [
    (1, 6, 0xffffffff), (2, 7, 1234), (4, 4, 0xffffffff), (16, 7, 0xffffffff), (32, 0, 0xffffffff)])
os.setxattr("${directory}/in/file", "system.posix_acl_access", acl)
os.setxattr("${directory}/in/file", "user.origin", b"scanner\\0 7")
# What is new in this directory begins with an ACL of its own.
os.setxattr("${directory}/in", "system.posix_acl_default", acl)
`);
        const look = () =>
          python(`
import os
for name in ["file", "plain"]:
    path = "${directory}/in/" + name
    names = sorted(name for name in os.listxattr(path) if not name.startswith("security."))
    print(name, oct(os.stat(path).st_mode), [(name, os.getxattr(path, name)) for name in names])
`);
        const before = await look();
        await put(storage, "/in/file", "new");
        await put(storage, "/in/plain", "new");
        assertEquals(await look(), before);
        assertEquals(await Deno.readTextFile(`${directory}/in/file`), "new");
      }),
  });

  Deno.test(`a session sweeps what dead ones left, and nothing of living ones: ${kind.name}`, async () => {
    await inJail(kind, async (storage, directory) => {
      const alive = atomicJail(kind, directory);
      const living = await open(alive, "/living", "write", "create", "truncate");
      await living.write(new Uint8Array(10), 0);
      // What a session leaves that was killed: a file without its lock, and long ago where there are no locks.
      const name = ".sftpwrap-01234567-89ab-cdef-0123-456789abcdef.part";
      await Deno.writeTextFile(`${directory}/${name}`, "half");
      if (!kind.locks) await Deno.utime(`${directory}/${name}`, 0, 0);
      const dir = await storage.openDir("/");
      const listed = (await dir.next(100)).map(({ name }) => name).sort();
      assertEquals(listed, [".", ".."]);
      await dir.close();
      const left = (await namesOn(directory)).filter((name) => name.endsWith(".part"));
      assertEquals(left.length, 1);
      assertEquals(left.includes(name), false);
      await living.close(false);
      await alive.close();
      assertEquals(await namesOn(directory), ["living"]);
    });
  });

  Deno.test(`no client reaches a draft by its name: ${kind.name}`, async () => {
    await inJail(kind, async (storage, directory) => {
      const name = "/.sftpwrap-01234567-89ab-cdef-0123-456789abcdef.part";
      await Deno.writeTextFile(directory + name, "half");
      await Deno.writeTextFile(`${directory}/file`, "whole");
      const { posixRename, hardLink, setLinkAttrs, statVfs } = storage.extensions;
      const attempts: readonly (() => unknown)[] = [
        () => open(storage, name, "read"),
        () => open(storage, name, "write", "create", "truncate"),
        () => open(storage, `${name}/below`, "write", "create"),
        () => storage.stat(name),
        () => storage.lstat(name),
        () => storage.setAttrs(name, { permissions: 0o777 }),
        () => storage.setAttrs(name, { size: 0 }),
        () => storage.remove(name),
        () => storage.rmdir(name),
        () => storage.mkdir(`${name}x`, {}),
        () => storage.openDir(name),
        () => storage.realPath(name),
        () => storage.readLink(name),
        () => storage.symlink("file", `${name}x`),
        () => storage.rename(name, "/mine"),
        () => storage.rename("/file", `${name}x`),
        () => posixRename!(name, "/mine"),
        () => posixRename!("/file", name),
        () => hardLink!(name, "/mine"),
        () => hardLink!("/file", `${name}x`),
        () => setLinkAttrs!(name, { permissions: 0o777 }),
        () => statVfs?.(name) ?? storage.stat(name),
      ];
      for (const attempt of attempts) {
        await assertRejects(async () => void await attempt(), StorageError);
      }
      assertEquals(await Deno.readTextFile(directory + name), "half");
    });
  });
}

Deno.test({
  name: "a jail without locks says what happens to broken uploads, and sweeps those of yesterday",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withTempDir(async (base) => {
      const directory = `${base}/jail`;
      await Deno.mkdir(directory);
      const names = ["a", "b"].map((letter) =>
        `.sftpwrap-${letter.repeat(8)}-0123-0123-0123-${"0".repeat(12)}.part`
      );
      for (const name of names) await Deno.writeTextFile(`${directory}/${name}`, "half");
      await Deno.utime(`${directory}/${names[0]}`, 0, 0);
      const words = sftpwrap(["jail", "--atomic-uploads", "-e", directory]);
      const [program = "", ...args] = withoutCalls(["flock"], Errno.ENOLCK, words);
      const server = await startServer(program, args);
      await server.client.writeFile("/file", new Uint8Array(10));
      const { stderr } = await server.stop();
      assertStringIncludes(
        stderr,
        "no locks here: what broken uploads leave is removed after a day",
      );
      assertEquals(await namesOn(directory), [names[1], "file"]);
    }),
});

async function inJail(
  kind: JailKind,
  use: (storage: Storage, directory: string) => Promise<void>,
): Promise<void> {
  await withTempDir(async (directory) => {
    const storage = atomicJail(kind, directory);
    try {
      await use(storage, directory);
    } finally {
      await storage.close();
    }
  });
}

async function namesOn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();
}

async function python(program: string): Promise<string> {
  const command = new Deno.Command("/usr/bin/python3", { args: ["-c", program] });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
