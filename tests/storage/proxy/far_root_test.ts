import { assert, assertEquals, assertRejects } from "@std/assert";
import { StorageError } from "../../../lib/storage/errors.ts";
import type { ProxyStorage } from "../../../lib/storage/proxy/proxy.ts";
import { needs } from "../../support/programs.ts";
import { bytesOf, how, readAll } from "../../../lib/testing/subject.ts";
import { withOpenSsh } from "./far_side.ts";

/** A root `in` beside a directory `out`, both on OpenSSH's server. */
async function withTwo(
  use: (storage: ProxyStorage, directory: string) => Promise<void>,
): Promise<void> {
  const outer = await Deno.realPath(await Deno.makeTempDir());
  await Deno.mkdir(`${outer}/in/deep`, { recursive: true });
  await Deno.mkdir(`${outer}/out`);
  await Deno.writeTextFile(`${outer}/out/secret`, "secret");
  await Deno.writeTextFile(`${outer}/in/file`, "inside");
  const far = await withOpenSsh({ root: `${outer}/in` });
  try {
    await use(far.storage, outer);
  } finally {
    await far.storage.close();
    await far.dispose();
    await Deno.remove(outer, { recursive: true });
  }
}

function testRoot(
  name: string,
  use: (storage: ProxyStorage, directory: string) => Promise<void>,
): void {
  Deno.test({ name, ...needs("sftp-server"), fn: () => withTwo(use) });
}

async function refused(action: () => Promise<unknown>, what: string): Promise<StorageError> {
  const error = await assertRejects(action, StorageError, undefined, what);
  assert(!error.message.includes("out/secret"), `${what} tells ${error.message}`);
  return error;
}

const ESCAPES: readonly (readonly [name: string, text: (outer: string) => string])[] = [
  ["an absolute link", (outer) => `${outer}/out`],
  ["a relative link", () => "../out"],
  ["a link through the root's own name", () => "../in/../out"],
  ["a link to the root of all", () => "/"],
  ["a link above the root of all", () => "../../../../../../../../../.."],
];

for (const [name, text] of ESCAPES) {
  testRoot(`a root refuses every way through ${name}`, async (storage, outer) => {
    await Deno.symlink(text(outer), `${outer}/in/way`);
    await Deno.symlink("way", `${outer}/in/deep/first`);
    await Deno.symlink("../way", `${outer}/in/deep/second`);
    const create = how("write", "create");
    for (const way of ["/way", "/deep/second", "/deep/../way"]) {
      const actions: Record<string, () => Promise<unknown>> = {
        stat: () => storage.stat(way),
        statBelow: () => storage.stat(`${way}/secret`),
        lstatBelow: () => storage.lstat(`${way}/secret`),
        lstatClosed: () => storage.lstat(`${way}/`),
        open: () => storage.open(`${way}/secret`, how("read")),
        create: () => storage.open(`${way}/new`, create),
        createExclusive: () => storage.open(`${way}/new`, how("write", "create", "exclusive")),
        list: () => storage.openDir(way),
        setAttrs: () => storage.setAttrs(`${way}/secret`, { permissions: 0o777 }),
        setAttrsOfIt: () => storage.setAttrs(way, { permissions: 0o777 }),
        realPath: () => storage.realPath(way),
        readLink: () => storage.readLink(`${way}/secret`),
        mkdir: () => storage.mkdir(`${way}/new`, {}),
        rmdir: () => storage.rmdir(`${way}/out`),
        remove: () => storage.remove(`${way}/secret`),
        symlink: () => storage.symlink("x", `${way}/new`),
        renameOut: () => storage.rename("/file", `${way}/new`),
        renameIn: () => storage.rename(`${way}/secret`, "/new"),
        posixRename: async () => await storage.extensions.posixRename?.("/file", `${way}/secret`),
        hardLinkOut: async () => await storage.extensions.hardLink?.("/file", `${way}/new`),
        hardLinkIn: async () => await storage.extensions.hardLink?.(`${way}/secret`, "/new"),
        setLinkAttrs: async () =>
          await storage.extensions.setLinkAttrs?.(`${way}/secret`, { permissions: 0o777 }),
        setLinkAttrsClosed: async () =>
          await storage.extensions.setLinkAttrs?.(`${way}/`, { permissions: 0o777 }),
        statVfs: async () => await storage.extensions.statVfs?.(way),
      };
      for (const [what, action] of Object.entries(actions)) {
        await refused(action, `${what} by ${way}`);
      }
    }
    assertEquals(await Deno.readTextFile(`${outer}/out/secret`), "secret");
    assertEquals((await Array.fromAsync(Deno.readDir(`${outer}/out`))).length, 1);
    assertEquals(await Deno.readTextFile(`${outer}/in/file`), "inside");
  });
}

testRoot("a link that leads out can be looked at and removed itself", async (storage, outer) => {
  await Deno.symlink("../out", `${outer}/in/way`);
  assertEquals((await storage.lstat("/way")).permissions, 0o120777);
  assertEquals(await storage.readLink("/way"), "../out");
  await storage.rename("/way", "/moved");
  await storage.remove("/moved");
  assertEquals(await Deno.readTextFile(`${outer}/out/secret`), "secret");
});

testRoot("a hard link to a link is refused", async (storage, outer) => {
  await Deno.symlink("../out/secret", `${outer}/in/way`);
  await refused(async () => await storage.extensions.hardLink?.("/way", "/new"), "hardLink");
});

testRoot("an absolute link inside the root works, and shows itself from the root on", async (
  storage,
  outer,
) => {
  await Deno.symlink(`${outer}/in/file`, `${outer}/in/deep/link`);
  assertEquals(await storage.readLink("/deep/link"), "/file");
  const file = await storage.open("/deep/link", how("read"));
  assertEquals(await readAll(file), bytesOf("inside"));
  await file.close(false);
  assertEquals(await storage.realPath("/deep/link"), "/file");
  await storage.symlink("/file", "/made");
  assertEquals(await Deno.readLink(`${outer}/in/made`), `${outer}/in/file`);
});

testRoot("an absolute link that leads back in by another name works", async (storage, outer) => {
  await Deno.symlink(`${outer}/in`, `${outer}/alias`);
  await Deno.symlink(`${outer}/alias/deep`, `${outer}/in/link`);
  assertEquals(await storage.realPath("/link"), "/deep");
  await refused(() => storage.readLink("/link"), "readLink");
});

testRoot("the client's own .. stops at the root", async (storage) => {
  assertEquals(await storage.realPath("/../../deep/../../.."), "/");
  assertEquals((await storage.stat("/../../file")).size, 6);
});

testRoot("the root itself is nobody's to remove or rename", async (storage, outer) => {
  for (const path of ["/", "/deep/..", "/.."]) {
    await refused(() => storage.rmdir(path), `rmdir ${path}`);
    await refused(() => storage.rename(path, "/new"), `rename ${path}`);
  }
  assertEquals((await Deno.stat(`${outer}/in`)).isDirectory, true);
});

testRoot("a listing of the root tells nothing of what is above it", async (storage, outer) => {
  await Deno.chmod(outer, 0o711);
  await Deno.chmod(`${outer}/in`, 0o750);
  const dir = await storage.openDir("/");
  const entries = await dir.next(100);
  await dir.close();
  const above = entries.find(({ name }) => name === "..");
  assertEquals((above?.attrs.permissions ?? 0) & 0o7777, 0o750);
  assertEquals(above?.longname, undefined);
});

testRoot("a deep path is followed in steps of many names", async (storage, outer) => {
  const deep = Array.from({ length: 40 }, (_, index) => `d${index}`).join("/");
  await Deno.mkdir(`${outer}/in/${deep}`, { recursive: true });
  await Deno.symlink("../../../../../file", `${outer}/in/d0/d1/d2/d3/d4/link`);
  assertEquals(await storage.realPath(`/${deep}`), `/${deep}`);
  assertEquals((await storage.stat("/d0/d1/d2/d3/d4/link")).size, 6);
});
